import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Operation, refusal } from '../fixtures/hostile/attack.ts';
import { between } from '../fixtures/hostile/endless.ts';
import type { Answer, HostileRequest } from '../fixtures/hostile/hostile-registry.ts';
import { type HostileSession, openHostileSession } from '../fixtures/hostile/hostile-session.ts';
import { ociIndex, ociManifest } from '../registry/content-store.ts';

// Lists that are longer than any list is, in one answer or in many.
let session: HostileSession;
beforeAll(async () => {
  session = await openHostileSession();
});
afterAll(() => session[Symbol.asyncDispose]());

type Respond = (request: HostileRequest) => Answer;

const million = 1_000_000;
const headers = { 'content-type': ociIndex };
const tag = (index: number): string => `"v${index}"`;

function referrer(index: number): string {
  const digest = `sha256:${index.toString(16).padStart(64, '0')}`;
  const artifactType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  return JSON.stringify({ mediaType: ociManifest, digest, size: 1000, artifactType });
}

/** A list that is made while it is sent. */
const listOf = (name: string, entry: (index: number) => string, length: number) => () =>
  between(`{"${name}":[`, entries(entry, length), ']}');

function* entries(entry: (index: number) => string, length: number): Generator<string> {
  const atOnce = 1000;
  for (let index = 0; index < length; index += atOnce) {
    const part = Array.from({ length: Math.min(atOnce, length - index) }, (_none, more) =>
      entry(index + more),
    );
    yield `${index === 0 ? '' : ','}${part.join()}`;
  }
}

/** Pages, each of which leads to the next. */
function pagesOf(
  body: (page: number) => NonNullable<Answer['body']>,
  length = Number.POSITIVE_INFINITY,
): Respond {
  return ({ path }) => {
    const page = Number(/page=(\d+)/.exec(path)?.[1] ?? 0);
    const next = { ...headers, link: `<?page=${page + 1}>; rel="next"` };
    return { headers: page + 1 < length ? next : headers, body: body(page) };
  };
}

const attacked = (operation: Operation, path: RegExp, respond: Respond) =>
  session.attackedBy((repository) => repository.on(path, respond), operation);

describe('tags are refused', () => {
  test('when a million of them come in one answer', async () => {
    const body = listOf('tags', tag, million);
    expect(await attacked('list tags', /tags/, () => ({ body }))).toMatchObject(refusal('TOO_LARGE'));
  });

  test('when an answer has as many as can be written into it', async () => {
    const body = listOf('tags', () => '""', 1_300_000);
    const report = await attacked('list tags', /tags/, () => ({ body }));
    expect(report).toMatchObject(refusal('INVALID_RESPONSE', 'more than 250000 values'));
  });

  test('when their pages lead in a circle', async () => {
    const report = await attacked('list tags', /tags/, ({ path }) => ({
      headers: { link: `<${path.includes('last=a') ? '?last=b' : '?last=a'}>; rel=next` },
      body: '{"tags":["a"]}',
    }));
    expect(report).toMatchObject(refusal('INVALID_RESPONSE', 'in a circle'));
  });

  test('when their pages do not end', async () => {
    const report = await attacked(
      'list tags',
      /tags/,
      pagesOf(() => '{"tags":["a"]}'),
    );
    expect(report).toMatchObject(refusal('INVALID_RESPONSE', 'more than 10000 pages'));
  });
});

test('a million tags in pages are listed', async () => {
  const page = pagesOf(() => listOf('tags', tag, 1000), 1000);
  expect(await attacked('list tags', /tags/, page)).toMatchObject({ code: 'none', count: million });
});

describe('referrers are refused', () => {
  test('when a million of them come in one answer', async () => {
    const body = listOf('manifests', referrer, million);
    const report = await attacked('list referrers', /referrers/, () => ({ headers, body }));
    expect(report).toMatchObject(refusal('TOO_LARGE'));
  });

  test.each([
    ['', 0, 'more than 1000 manifests refer to it'],
    [', each with data of its own', 300_000, 'larger than 33554432 bytes together'],
  ])('when a copy would have a million of them%s', async (_title, length, message) => {
    const data = 'x'.repeat(length);
    const page = pagesOf((index) =>
      listOf('manifests', (more) => referrer(10 * index + more).replace('}', `,"data":"${data}"}`), 10),
    );
    const report = await session.attackedBy((repository) => {
      repository.manifest({ schemaVersion: 2, config: repository.blob('x/y', '{}'), layers: [] });
      repository.on(/referrers/, page);
    }, 'copy with referrers');
    expect(report).toMatchObject(refusal('TOO_LARGE', message));
  });
});
