import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { createRegistryClient, tagArtifact } from '../../src/index.ts';
import { addArtifact, emptyModule } from '../fixtures/artifacts.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { all } from '../fixtures/repository.ts';
import { openSession, type Session } from '../fixtures/session.ts';

const repositoryOf = ({ client, registry }: Session) =>
  client.repository({ registry: registry.host, repository: 'team/app' });

const page = (tags: readonly unknown[], link: string) =>
  ({
    kind: 'status',
    status: 200,
    headers: { 'content-type': 'application/json', link },
    body: JSON.stringify({ name: 'team/app', tags }),
  }) as const;

describe('tags', () => {
  test('are listed over as many pages as there are', async () => {
    await using session = await openSession({ pageSize: 3 });
    for (let index = 0; index < 10; index += 1)
      addArtifact(session.registry, emptyModule, { tag: `v${index}` });
    const expected = Array.from({ length: 10 }, (_, index) => `v${index}`);
    expect(await all(repositoryOf(session).list())).toEqual(expected);
    expect(session.seen().filter((line) => line.includes('tags/list'))).toHaveLength(4);
  });

  test('may be none', async () => {
    await using session = await openSession();
    session.registry.content.addBlob('team/app', Buffer.of(1));
    expect(await all(repositoryOf(session).list())).toEqual([]);
  });

  test('that are none are left out', async () => {
    await using session = await openSession();
    session.registry.fail({ path: /tags/ }, page(['v1', '\u001b[2J', 7, '-x', 'v2'], ''));
    expect(await all(repositoryOf(session).list())).toEqual(['v1', 'v2']);
  });

  test('are asked for page by page, as they are used', async () => {
    await using session = await openSession({ pageSize: 1 });
    for (const tag of ['a', 'b', 'c']) addArtifact(session.registry, emptyModule, { tag });
    for await (const tag of repositoryOf(session).list()) if (tag === 'b') break;
    expect(session.seen().filter((line) => line.includes('tags/list'))).toHaveLength(2);
  });

  test('of a repository that does not exist are an error', async () => {
    await using session = await openSession();
    const error = await failureOf(all(repositoryOf(session).list()));
    expect(error).toMatchObject({ code: 'NAME_UNKNOWN' });
    expect(error.message).toContain('no such repository that may be read (404)');
  });

  test.each([
    ['to itself', '<?n=1000>; rel="next"'],
    ['in a circle', '</v2/team/app/tags/list?n=1>; rel=next, </v2/>; rel="first"'],
  ])('whose pages lead %s are an error', async (_title, link) => {
    await using session = await openSession();
    session.registry.fail({ path: /tags/ }, page(['v1'], link));
    expect(await failureOf(all(repositoryOf(session).list()))).toMatchObject({
      code: 'INVALID_RESPONSE',
      message: expect.stringContaining('in a circle') as string,
    });
  });

  test('whose next page is inside the network are an error', async () => {
    await using session = await openSession();
    session.registry.fail({ path: /tags/ }, page(['v1'], '<http://169.254.169.254/x>; rel="next"'));
    expect(await failureOf(all(repositoryOf(session).list()))).toMatchObject({ code: 'UNSAFE_URL' });
  });

  test.each(['[]', '{}', 'no', '{"tags":{}}'])('are an error when the answer is %s', async (body) => {
    await using session = await openSession();
    session.registry.fail({ path: /tags/ }, { kind: 'status', status: 200, body });
    expect(await failureOf(all(repositoryOf(session).list()))).toMatchObject({ code: 'INVALID_RESPONSE' });
  });

  test('of one page without end are an error', async () => {
    await using session = await openSession();
    const body = JSON.stringify({ tags: Array.from({ length: 1_000_000 }, (_, index) => `v${index}`) });
    session.registry.fail({ path: /tags/ }, { kind: 'status', status: 200, body });
    expect(await failureOf(all(repositoryOf(session).list()))).toMatchObject({ code: 'TOO_LARGE' });
  });

  test('can be a million, in flat memory', async () => {
    await using registry = await startEndlessTags(1_000_000);
    await using client = createRegistryClient();
    const repository = client.repository({ registry: registry.host, repository: 'team/app' });
    let count = 0;
    let peak = 0;
    const before = process.memoryUsage().rss;
    for await (const tag of repository.list()) {
      count += tag === '' ? 0 : 1;
      if (count % 10_000 === 0) peak = Math.max(peak, process.memoryUsage().rss - before);
    }
    expect(count).toBe(1_000_000);
    expect(peak).toBeLessThan(100 * 1024 * 1024);
  });

  test('end with the signal', async () => {
    await using registry = await startEndlessTags(Number.POSITIVE_INFINITY);
    await using client = createRegistryClient();
    const stop = new AbortController();
    const list = client.repository({ registry: registry.host, repository: 'team/app' }).list(stop);
    const counted = async (): Promise<void> => {
      let count = 0;
      for await (const _tag of list) {
        count += 1;
        if (count === 2500) stop.abort(new Error('enough'));
      }
    };
    await expect(counted()).rejects.toThrow('enough');
  });
});

describe('tagging', () => {
  test('gives what is there another name, by tag or by digest', async () => {
    await using session = await openSession();
    const digest = addArtifact(session.registry, emptyModule);
    const at = repositoryOf(session);
    session.registry.forget();
    expect((await tagArtifact({ at, reference: session.reference(), tag: 'stable' })).digest).toBe(digest);
    await tagArtifact({ at, reference: session.reference(`team/app@${digest}`), tag: 'pinned' });
    expect(await all(at.list())).toEqual(['pinned', 'stable', 'v1']);
    expect(session.seen().filter((line) => line.includes('blobs'))).toEqual([]);
  });

  test('says which tag is not there', async () => {
    await using session = await openSession();
    addArtifact(session.registry, emptyModule);
    const reference = session.reference('team/app:v9');
    const failure = await failureOf(tagArtifact({ at: repositoryOf(session), reference, tag: 'stable' }));
    expect(failure).toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    expect(failure.message).toContain(`cannot find ${reference}: there is no tag "v9"`);
  });

  test.each(['', '-x', 'a/b', 'a:b', 'x'.repeat(129)])('as %j is refused', async (tag) => {
    await using session = await openSession();
    const failure = await failureOf(
      tagArtifact({ at: repositoryOf(session), reference: session.reference(), tag }),
    );
    expect(failure).toMatchObject({ code: 'INVALID_REFERENCE' });
    expect(session.seen()).toEqual([]);
  });
});

/** A registry with so many tags, made up as they are asked for. */
async function startEndlessTags(total: number): Promise<AsyncDisposable & { readonly host: string }> {
  const server = createServer(({ url = '/' }, response) => {
    const { searchParams } = new URL(url, 'http://registry.example');
    const first = Number(searchParams.get('last') ?? 0);
    const end = Math.min(total, first + Number(searchParams.get('n') ?? 1000));
    const tags = Array.from({ length: end - first }, (_, index) => `tag-${first + index}`);
    if (end < total) response.setHeader('link', `<?n=1000&last=${end}>; rel="next"`);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ tags }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
