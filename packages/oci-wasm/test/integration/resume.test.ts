import { describe, expect, test } from 'vitest';
import {
  type Descriptor,
  readModuleBytes,
  type RegistryClientOptions,
  type RegistryNotice,
} from '../../src/index.ts';
import { addArtifact, moduleOf } from '../fixtures/artifacts.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { openSession, type Session } from '../fixtures/session.ts';
import { digestOf } from '../registry/content-store.ts';
import type { TestRegistryOptions } from '../registry/start-test-registry.ts';

const module = moduleOf(400_000);
const layer = new RegExp(`blobs/${digestOf(module)}`);
const cut = { kind: 'truncate', afterBytes: 100_000 } as const;

async function openWithModule(registry: TestRegistryOptions = {}, client: RegistryClientOptions = {}) {
  const session = await openSession(registry, client);
  addArtifact(session.registry, module);
  return session;
}

/** What the requests for the layer have asked for. */
function ranges({ registry }: Session): readonly (string | undefined)[] {
  return registry.requests
    .filter(({ method, path }) => method === 'GET' && layer.test(path))
    .map(({ headers }) => headers.range);
}

async function isWhole(session: Session): Promise<boolean> {
  const pulled = await session.pull();
  return Buffer.compare(await readModuleBytes(session.store, pulled), module) === 0;
}

describe('a blob that breaks off', () => {
  test('is asked for from there on, on condition that it is still the same', async () => {
    await using session = await openWithModule();
    session.registry.fail({ path: layer }, cut, { times: 3 });
    expect(await isWhole(session)).toBe(true);
    expect(ranges(session)).toEqual([undefined, 'bytes=100000-', 'bytes=200000-', 'bytes=300000-']);
    const conditions = session.registry.requests.map(({ headers }) => headers['if-range']);
    expect(new Set(conditions)).toEqual(new Set([undefined, `"${digestOf(module)}"`]));
  });

  test('is gone on with as often as it takes while it moves, and not when it does not', async () => {
    await using session = await openWithModule();
    session.registry.fail({ path: layer }, { ...cut, afterBytes: 70_000 }, { times: 5 });
    expect(await isWhole(session)).toBe(true);
    await using other = await openWithModule();
    other.registry.fail({ path: layer }, { ...cut, afterBytes: 1000 });
    expect(await failureOf(other.pull())).toMatchObject({ code: 'TRUNCATED', host: other.registry.host });
    expect(ranges(other).slice(0, 3)).toEqual([undefined, 'bytes=1000-', 'bytes=2000-']);
  });

  test.each([
    ['has no ranges', { ranges: false }, undefined, [undefined, 'bytes=100000-']],
    ['sends another part', {}, { kind: 'misplace' }, [undefined, 'bytes=100000-', undefined]],
    ['has no such part', {}, { kind: 'status', status: 416 }, [undefined, 'bytes=100000-', undefined]],
  ] as const)('is read anew from a registry that %s', async (_title, options, fault, expected) => {
    await using session = await openWithModule(options);
    session.registry.fail({ path: layer }, cut, { times: 1 });
    if (fault !== undefined) session.registry.fail({ path: layer }, fault, { times: 1 });
    expect(await isWhole(session)).toBe(true);
    expect(ranges(session)).toEqual(expected);
  });

  test('is not mixed with another version of it', async () => {
    await using session = await openWithModule();
    session.registry.fail({ path: layer }, { ...cut, headers: { etag: '"another"' } }, { times: 1 });
    expect(await isWhole(session)).toBe(true);
    const [, second] = session.registry.requests.filter(
      ({ path }) => layer.test(path) && !path.includes('?'),
    );
    expect(second?.headers['if-range']).toBe('"another"');
  });

  test('goes on with a new token when the old one is not taken any more', async () => {
    await using session = await openWithModule({ auth: { kind: 'token', users: { me: 'secret' } } });
    session.registry.fail({ path: layer }, cut, { times: 1 });
    session.registry.fail({ path: layer }, { kind: 'status', status: 401 }, { times: 1 });
    const credentials = [{ username: 'me', password: 'secret' }];
    const pulled = await session.pull({ credentials });
    expect(Buffer.compare(await readModuleBytes(session.store, pulled), module)).toBe(0);
    expect(ranges(session)).toEqual([undefined, 'bytes=100000-', 'bytes=100000-']);
    expect(session.seen().filter((line) => line.startsWith('GET /token')).length).toBeGreaterThan(1);
  });
});

test('a manifest that breaks off is read again', async () => {
  await using session = await openWithModule();
  const broken = { kind: 'truncate', afterBytes: 20 } as const;
  session.registry.fail({ method: 'GET', path: /manifests/ }, broken, { times: 2 });
  expect(await isWhole(session)).toBe(true);
});

describe('content', () => {
  test.each(['blob', 'manifest'] as const)('is refused when a %s comes compressed', async (kind) => {
    await using session = await openWithModule();
    session.registry.fail({ method: 'GET', path: kind === 'blob' ? layer : /manifests/ }, { kind: 'gzip' });
    const error = await failureOf(session.pull());
    expect(error).toMatchObject({ code: 'INVALID_RESPONSE', host: session.registry.host });
    expect(error.message).toContain('Content-Encoding gzip though none was asked for');
  });

  test('is refused at once when another length is announced', async () => {
    await using session = await openWithModule();
    session.registry.fail({ path: layer }, { kind: 'misannounce', by: 1 });
    const error = await failureOf(session.pull());
    expect(error).toMatchObject({ code: 'SIZE_MISMATCH' });
    expect(error.message).toContain('announces 400001 bytes');
  });

  test('may be named by sha512, and is verified by it', async () => {
    await using session = await openWithModule();
    const digest = digestOf(module, 'sha512');
    const repository = session.client.repository({ registry: session.registry.host, repository: 'team/app' });
    const read = async (descriptor: Descriptor) => {
      for await (const _chunk of repository.read(descriptor)) continue;
    };
    const descriptor = { mediaType: 'application/wasm', digest, size: module.length };
    await read(descriptor);
    session.registry.fail({ path: /sha512/ }, { kind: 'corrupt' });
    expect(await failureOf(read(descriptor))).toMatchObject({ code: 'DIGEST_MISMATCH' });
    const confused = { ...descriptor, digest: digest.replace('sha512', 'sha256') };
    expect(String(await failureOf(read(confused)))).toContain('is no sha256 or sha512 digest');
    session.registry.content.addManifest('team/app', 'v2', {
      schemaVersion: 2,
      config: { mediaType: 'a/b', digest: descriptor.digest, size: 1 },
      layers: [{ mediaType: 'a/b', digest: `md5:${'0'.repeat(32)}`, size: 1 }],
    });
    const pulled = await failureOf(session.pull({ reference: session.reference('team/app:v2') }));
    expect(String(pulled)).toContain('of the algorithm md5; sha256 and sha512 are supported');
    const unknown = { ...descriptor, digest: `blake3:${'0'.repeat(64)}` };
    expect(String(await failureOf(read(unknown)))).toContain('of the algorithm blake3; sha256 and sha512');
  });
});

const after = (value: string) =>
  ({ kind: 'status', status: 429, headers: { 'retry-after': value } }) as const;

describe('a deadline', () => {
  test('ends a transfer that sends a byte now and then', async () => {
    await using session = await openWithModule({}, { timeouts: { totalMs: 300 } });
    session.registry.fail({ path: layer }, { kind: 'drip' });
    expect(await failureOf(session.pull())).toMatchObject({
      code: 'TIMEOUT',
      host: session.registry.host,
      message: expect.stringContaining('not complete within 0.3 s') as string,
    });
  });

  test('is what a long Retry-After is measured by, in seconds or as a date', async () => {
    const waits: number[] = [];
    const wait = (ms: number) => {
      waits.push(ms);
      return Promise.resolve();
    };
    await using session = await openWithModule({}, { retry: { wait } });
    session.registry.fail({ path: layer }, after('600'), { times: 1 });
    session.registry.fail({ path: layer }, after(new Date(Date.now() + 900_000).toUTCString()), { times: 1 });
    expect(await isWhole(session)).toBe(true);
    expect(waits).toHaveLength(2);
    expect(waits[0]).toBe(600_000);
    expect(waits[1]).toBeGreaterThan(890_000);
  });
});

test('what a registry warns of is told, and that it is waited for', async () => {
  const notices: RegistryNotice[] = [];
  const onNotice = (notice: RegistryNotice) => void notices.push(notice);
  await using session = await openWithModule({}, { onNotice, retry: { wait: () => Promise.resolve() } });
  const { host } = session.registry;
  session.registry.fail(
    { path: layer },
    { kind: 'header', name: 'warning', value: '299 - "tag \\"v1\\" ends"' },
  );
  session.registry.fail(
    { method: 'HEAD', path: /manifests/ },
    { kind: 'status', status: 503, headers: { 'retry-after': '2' } },
    { times: 1 },
  );
  await session.pull();
  expect(notices).toEqual([
    { kind: 'pause', host, ms: 2000 },
    { kind: 'warning', host, text: 'tag "v1" ends' },
  ]);
});
