import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  readModuleBytes,
  registryHosts,
  staticCredentials,
  type RegistryClientOptions,
} from '../../src/index.ts';
import { addArtifact, emptyModule, moduleOf } from '../fixtures/artifacts.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { mebibyte, putPartial } from '../fixtures/partials.ts';
import { scratchDirectory } from '../fixtures/scratch.ts';
import { openSession } from '../fixtures/session.ts';
import { digestOf } from '../registry/content-store.ts';
import { startTestRegistry, type TestRegistryOptions } from '../registry/start-test-registry.ts';

interface SetUp {
  /** What stands at the mirror's table. */
  readonly mirrorOptions?: string;
  readonly mirror?: TestRegistryOptions;
  readonly upstream?: TestRegistryOptions;
  readonly client?: RegistryClientOptions;
}

/** An upstream registry, a mirror, and a client that is told of it as containerd is. */
async function setUp({ mirrorOptions = '', mirror = {}, upstream = {}, client = {} }: SetUp = {}) {
  await using stack = new AsyncDisposableStack();
  const scratch = stack.use(await scratchDirectory());
  const mirrorRegistry = stack.use(await startTestRegistry(mirror));
  // Found when the session's own registry is there.
  const lateHosts = { find: async (registry: string) => (await hosts()).find(registry) };
  const session = stack.use(await openSession(upstream, { hosts: lateHosts, ...client }));
  const folder = join(scratch.path, session.registry.host.replace(/:(\d+)$/, '_$1_'));
  await mkdir(folder);
  await writeFile(
    join(folder, 'hosts.toml'),
    `server = "${session.registry.origin}"\n[host."${mirrorRegistry.origin}"]\n${mirrorOptions}\n`,
  );
  const hosts = () => registryHosts({ directory: scratch.path });
  const closing = stack.move();
  return {
    session,
    upstream: session.registry,
    mirror: mirrorRegistry,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

const users = { me: 'secret' };
const mine = { username: 'me', password: 'secret' };

describe('a mirror', () => {
  test('is pulled from in place of the registry, and told which registry is meant', async () => {
    await using parts = await setUp();
    addArtifact(parts.mirror, emptyModule);
    expect((await parts.session.pull()).kind).toBe('module');
    expect(parts.upstream.requests).toEqual([]);
    const ns = encodeURIComponent(parts.upstream.host);
    expect(parts.mirror.requests.every(({ path }) => path.includes(`ns=${ns}`))).toBe(true);
  });

  test('gets the headers that it is to have, below the path that it is at', async () => {
    const mirrorOptions = '[host."URL".header]\nx-team = "blue"';
    await using parts = await setUp();
    await using other = await startTestRegistry();
    addArtifact(other, emptyModule, { repository: 'proxy/team/app' });
    await using scratch = await scratchDirectory();
    const folder = join(scratch.path, '_default');
    await mkdir(folder);
    const url = `${other.origin}/v2/proxy`;
    await writeFile(
      join(folder, 'hosts.toml'),
      `[host."${url}"]\noverride_path = true\n${mirrorOptions.replace('URL', url)}`,
    );
    const hosts = await registryHosts({ directory: scratch.path });
    await using session = await openSession({}, { hosts });
    await session.pull({ reference: parts.session.reference() });
    expect(other.requests[0]?.path).toMatch(/^\/v2\/proxy\/team\/app\/manifests\/v1/);
    expect(other.requests.every(({ headers }) => headers['x-team'] === 'blue')).toBe(true);
  });

  test('never sees the credentials of the registry', async () => {
    await using parts = await setUp({
      mirror: { auth: { kind: 'basic', users } },
      upstream: { auth: { kind: 'basic', users } },
    });
    addArtifact(parts.mirror, emptyModule);
    addArtifact(parts.upstream, emptyModule);
    const pulled = await parts.session.pull({ credentials: [mine] });
    expect(pulled.access).toEqual({ kind: 'credential', credential: mine });
    expect(parts.mirror.requests.length).toBeGreaterThan(0);
    expect(parts.mirror.requests.every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  test('is shown its own credentials', async () => {
    const keys: { key: string; username: string; password: string }[] = [];
    await using parts = await setUp({
      mirror: { auth: { kind: 'basic', users } },
      client: { credentials: staticCredentials(keys) },
    });
    keys.push({ key: parts.mirror.host, ...mine });
    addArtifact(parts.mirror, emptyModule);
    expect((await parts.session.pull()).access.kind).toBe('credential');
    expect(parts.upstream.requests).toEqual([]);
  });

  test('that may not resolve is asked for content alone', async () => {
    await using parts = await setUp({ mirrorOptions: 'capabilities = ["pull"]' });
    addArtifact(parts.mirror, emptyModule);
    addArtifact(parts.upstream, emptyModule);
    await parts.session.pull();
    expect(parts.mirror.requests.some(({ path }) => path.includes('/manifests/v1'))).toBe(false);
    expect(parts.upstream.requests.some(({ path }) => path.includes('/blobs/'))).toBe(false);
  });

  test('that may not take content is not pushed to', async () => {
    await using parts = await setUp({ mirrorOptions: 'capabilities = ["pull", "resolve"]' });
    await parts.session.push({ module: emptyModule });
    expect(parts.mirror.requests).toEqual([]);
    expect(parts.upstream.content.manifest('team/app', 'v1')).toBeDefined();
  });
});

describe('the registry itself is asked when its mirror', () => {
  test('has not got it', async () => {
    await using parts = await setUp();
    const digest = addArtifact(parts.upstream, emptyModule);
    expect((await parts.session.pull()).digest).toBe(digest);
  });

  test('is not there, and the mirror not again until some time has gone by', async () => {
    await using parts = await setUp();
    addArtifact(parts.upstream, emptyModule);
    parts.mirror.fail({ path: /./ }, { kind: 'status', status: 503 });
    await parts.session.pull();
    parts.mirror.forget();
    await parts.session.pull();
    expect(parts.mirror.requests).toEqual([]);
  });

  test('ends in the middle of a blob, which goes on where it was', async () => {
    await using parts = await setUp();
    const module = moduleOf(400_000);
    addArtifact(parts.mirror, module);
    const digest = addArtifact(parts.upstream, module);
    parts.mirror.fail({ path: /blobs/ }, { kind: 'truncate', afterBytes: 150_000 });
    expect((await parts.session.pull()).digest).toBe(digest);
  });

  test('gives other content, of which nothing is kept', async () => {
    await using parts = await setUp();
    const digest = addArtifact(parts.mirror, emptyModule);
    addArtifact(parts.upstream, emptyModule);
    parts.mirror.fail({ path: /manifests\/sha256/ }, { kind: 'corrupt' });
    expect((await parts.session.pull()).digest).toBe(digest);
  });

  test('gives a blob that is damaged: the pull fails, and the next one finds it whole', async () => {
    await using parts = await setUp();
    const module = moduleOf(1000);
    addArtifact(parts.mirror, module);
    addArtifact(parts.upstream, module);
    parts.mirror.fail({ path: /blobs/ }, { kind: 'corrupt' }, { times: 2 });
    expect(await failureOf(parts.session.pull())).toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect((await parts.session.pull()).kind).toBe('module');
  });

  test('goes on with what has arrived of a blob, and the registry where the mirror ends', async () => {
    await using parts = await setUp();
    const module = moduleOf(3 * mebibyte);
    addArtifact(parts.mirror, module);
    addArtifact(parts.upstream, module);
    const { store } = parts.session;
    await putPartial(store.directory, digestOf(module), module.subarray(0, mebibyte));
    const layer = { path: new RegExp(digestOf(module)) };
    parts.mirror.fail(layer, { kind: 'truncate', afterBytes: mebibyte }, { times: 1 });
    parts.mirror.fail(layer, { kind: 'status', status: 404 });
    const { layer: pulled } = await parts.session.pull();
    expect(Buffer.compare(await readModuleBytes(store, { layer: pulled }), module)).toBe(0);
    const asked = [...parts.mirror.requests, ...parts.upstream.requests];
    const ranges = asked.flatMap(({ headers: { range } }) => range ?? []);
    expect(ranges).toEqual([mebibyte, 2 * mebibyte, mebibyte].map((from) => `bytes=${from}-`));
  });

  test('fails, and its own failure is the one that is told', async () => {
    await using parts = await setUp();
    parts.mirror.fail({ path: /./ }, { kind: 'status', status: 503 });
    const error = await failureOf(parts.session.pull());
    expect(error).toMatchObject({ code: 'NAME_UNKNOWN', host: parts.upstream.host });
    expect(error.message).toContain(`its mirrors failed as well: ${parts.mirror.host} (UNAVAILABLE)`);
  });
});
