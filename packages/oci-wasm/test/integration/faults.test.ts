import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { OciError, RegistryClientOptions } from '../../src/index.ts';
import { addArtifact, moduleOf } from '../fixtures/artifacts.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { openSession } from '../fixtures/session.ts';
import { digestOf } from '../registry/content-store.ts';
import type { Fault } from '../registry/faults.ts';

const module = moduleOf(400_000);
const layer = new RegExp(digestOf(module));
const manifest = /manifests/;

async function failing(path: RegExp, fault: Fault, clientOptions: RegistryClientOptions = {}) {
  await using session = await openSession({}, clientOptions);
  addArtifact(session.registry, module);
  session.registry.fail({ path }, fault);
  const error = await failureOf(session.pull());
  const files = await readdir(`${session.store.directory}/incoming`).catch(() => []);
  const stored = await session.store.has({ mediaType: '', digest: digestOf(module), size: module.length });
  const host = session.registry.host;
  const tries = session.seen().filter((line) => line.startsWith('GET') && path.test(line)).length;
  return { error: error as OciError, files, stored, host, tries, reference: session.reference() };
}

describe('content that is not what was announced', () => {
  test.each([
    ['cut off before its beginning', { kind: 'truncate', afterBytes: 0 }, 'TRUNCATED', 3],
    ['empty, in good order', { kind: 'shorten', afterBytes: 0 }, 'TRUNCATED', 3],
    ['longer', { kind: 'lengthen' }, 'SIZE_MISMATCH', 1],
    ['of another digest', { kind: 'corrupt' }, 'DIGEST_MISMATCH', 1],
  ] as const)(
    'a layer that is %s is refused, and nothing of it stays',
    async (_title, fault, code, expectedTries) => {
      const { error, files, stored, host, tries } = await failing(layer, fault);
      expect(error).toMatchObject({ name: 'OciError', code, host });
      expect(error.message).toContain(digestOf(module));
      expect(error.message).toMatch(/; try again, and push the artifact anew if it stays so$/);
      expect({ files, stored, tries }).toEqual({ files: [], stored: false, tries: expectedTries });
    },
  );

  test('a manifest of another digest than asked for is refused', async () => {
    const { error } = await failing(manifest, { kind: 'corrupt' });
    expect(error.code).toBe('DIGEST_MISMATCH');
  });

  test.each([
    ['in the middle', { kind: 'truncate', afterBytes: 20 }],
    ['in good order', { kind: 'shorten', afterBytes: 20 }],
  ] as const)('a manifest that is cut off %s is refused, and nothing of it stays', async (_title, fault) => {
    await using session = await openSession();
    addArtifact(session.registry, module);
    session.registry.fail({ method: 'GET', path: manifest }, fault);
    const { host } = session.registry;
    const error = await failureOf(session.pull());
    expect(error).toMatchObject({ code: 'TRUNCATED', host, reference: `${host}/team/app` });
    expect(error.message).toMatch(/sha256:\w+.*; try again, and push the artifact anew if it stays so$/);
    expect(await readdir(`${session.store.directory}/incoming`).catch(() => [])).toEqual([]);
  });

  test('chunks without a length are taken', async () => {
    expect((await failing(layer, { kind: 'chunked' })).stored).toBe(true);
  });

  test('a layer that breaks off once is fetched again', async () => {
    await using session = await openSession();
    addArtifact(session.registry, module);
    session.registry.fail({ path: layer }, { kind: 'truncate', afterBytes: 1000 }, { times: 1 });
    expect((await session.pull()).transferred).toBe(true);
  });
});

describe('refusals', () => {
  test.each([
    [401, 'UNAUTHORIZED', 'authentication required (401)'],
    [403, 'DENIED', 'access denied (403)'],
    [429, 'TOO_MANY_REQUESTS', 'too many requests (429)'],
    [500, 'UNAVAILABLE', 'the registry failed (500)'],
    [418, 'INVALID_RESPONSE', 'unexpected answer (418)'],
  ])('%i names the reference, the host, the status and the remedy', async (status, code, text) => {
    const { error, host, reference } = await failing(manifest, { kind: 'status', status });
    expect(error).toMatchObject({ code, host, status });
    expect(error.message).toContain(`cannot pull ${reference}: ${text}`);
  });

  test('401 says how to log in', async () => {
    const { error, host } = await failing(manifest, { kind: 'status', status: 401 });
    expect(error.message).toContain(`run \`wasmlet login ${host}\``);
  });

  test('404 tells a tag that does not exist', async () => {
    await using session = await openSession();
    addArtifact(session.registry, module);
    const reference = session.reference('team/app:v2');
    await expect(session.pull({ reference })).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
      status: 404,
      message: `cannot pull ${reference}: there is no tag "v2" in repository ${session.registry.host}/team/app (404); check it, or push it first`,
    });
  });

  test('404 tells a repository that does not exist', async () => {
    await using session = await openSession();
    const error = await failureOf(session.pull());
    expect(error).toMatchObject({ code: 'NAME_UNKNOWN', status: 404 });
    expect(String(error)).toContain('has no repository team/app');
  });

  test('404 tells a blob that has gone', async () => {
    await using session = await openSession();
    addArtifact(session.registry, module);
    session.registry.fail({ path: layer }, { kind: 'status', status: 404 });
    await expect(session.pull()).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
  });

  test("a registry's own words are shown, without control characters and not for ever", async () => {
    const said = `\u001b[31m${'x'.repeat(1000)}\n`;
    const body = JSON.stringify({ errors: [{ code: 'DENIED', message: said }] });
    const { error } = await failing(manifest, { kind: 'status', status: 403, body });
    expect(error.message).toContain('xxx…');
    expect(error.message).not.toMatch(/\p{Cc}/u);
    expect(error.message.length).toBeLessThan(500);
  });

  test('an answer in HTML is no matter', async () => {
    const { error } = await failing(manifest, {
      kind: 'status',
      status: 502,
      body: '<html>Bad gateway</html>',
    });
    expect(error.code).toBe('UNAVAILABLE');
  });
});

describe('retries', () => {
  test.each([408, 429, 500, 503])('%i is tried again, twice', async (status) => {
    await using session = await openSession();
    addArtifact(session.registry, module);
    session.registry.fail({ path: layer }, { kind: 'status', status }, { times: 2 });
    expect((await session.pull()).transferred).toBe(true);
  });

  test('a reset is tried again', async () => {
    await using session = await openSession();
    addArtifact(session.registry, module);
    session.registry.fail({ path: manifest }, { kind: 'reset' }, { times: 2 });
    expect((await session.pull()).transferred).toBe(true);
  });

  test('Retry-After is waited for', async () => {
    const waits: number[] = [];
    const retry = {
      now: () => 0,
      wait: (ms: number) => {
        waits.push(ms);
        return Promise.resolve();
      },
    };
    const fault = { kind: 'status', status: 429, headers: { 'retry-after': '7' } } as const;
    const { tries } = await failing(layer, fault, { retry });
    expect(tries).toBe(3);
    // The pause is the host's: what else is asked of it meanwhile waits as well.
    expect(waits.length).toBeGreaterThanOrEqual(2);
    expect(new Set(waits)).toEqual(new Set([7000]));
  });

  test('a registry that asks for a long pause is not tried again, and the pause is told', async () => {
    const { error, tries } = await failing(layer, {
      kind: 'status',
      status: 429,
      headers: { 'retry-after': '3600' },
    });
    expect(tries).toBe(1);
    expect(error.message).toContain('try again in 3600 s');
  });
});

describe('time limits', () => {
  const timeouts = { idleMs: 200, connectMs: 1000 };

  test('a registry that does not answer is told with its name and the time', async () => {
    const { error, host } = await failing(manifest, { kind: 'hang' }, { timeouts });
    expect(error).toMatchObject({
      code: 'TIMEOUT',
      host,
      message: `registry ${host} did not answer within 0.2 s; try again later`,
    });
  });

  test('a registry that stops in the middle is told as well, and nothing stays', async () => {
    const { error, host, files } = await failing(layer, { kind: 'stall', afterBytes: 1000 }, { timeouts });
    expect(error).toMatchObject({
      code: 'TIMEOUT',
      message: `registry ${host} stopped in the middle of an answer and sent nothing for 0.2 s; try again later`,
    });
    expect(files).toEqual([]);
  });

  test.each([
    ['an answer', manifest, { kind: 'hang' }],
    ['the rest of a layer', layer, { kind: 'stall', afterBytes: 1000 }],
  ] as const)('waiting for %s can be cancelled at once', async (_title, path, fault) => {
    await using session = await openSession();
    addArtifact(session.registry, module);
    session.registry.fail({ path }, fault);
    const controller = new AbortController();
    const pulling = failureOf(session.pull({ signal: controller.signal }));
    await expect.poll(() => session.seen().some((line) => path.test(line))).toBe(true);
    controller.abort(new Error('enough'));
    expect((await pulling).message).toBe('enough');
  });

  test('a closed client ends what is under way', async () => {
    await using session = await openSession();
    addArtifact(session.registry, module);
    session.registry.fail({ path: manifest }, { kind: 'hang' });
    const pulling = failureOf(session.pull());
    await expect.poll(() => session.seen().some((line) => manifest.test(line))).toBe(true);
    await session.client[Symbol.asyncDispose]();
    expect(await pulling).toMatchObject({ code: 'CLOSED' });
    await expect.poll(() => session.registry.connections).toBe(0);
  });

  test('a port that nobody listens on is told', async () => {
    await using session = await openSession();
    const { host } = session.registry;
    await session.registry[Symbol.asyncDispose]();
    await expect(session.pull()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      host,
      message: `registry ${host}: the connection was refused; is it running?`,
    });
  });
});
