import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import {
  createRegistryClient,
  login,
  openLayoutStore,
  pullArtifact,
  pushArtifact,
  readModuleBytes,
} from '../../src/index.ts';
import { emptyModule, moduleOf } from '../fixtures/artifacts.ts';
import { startCuttingProxy } from '../fixtures/cutting-proxy.ts';
import { findDockerRegistry, startDockerRegistry } from '../fixtures/docker-registry.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { scratchDirectory } from '../fixtures/scratch.ts';
import { digestOf } from '../registry/content-store.ts';

const program = findDockerRegistry();
const why = program === undefined ? ' (skipped: docker-registry is not on the PATH)' : '';
// user `me`, password `secret`
const htpasswd = 'me:$2y$05$C05w8y254U4pF8YK9Uaos.onEpsKkdvgniOTxi1nMdT4fcCymJgo2\n';

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += 100_000)
    yield bytes.subarray(offset, offset + 100_000);
}

describe.skipIf(program === undefined)(`Debian's docker-registry${why}`, () => {
  test.each(['wasm-to-oci', 'cncf'] as const)(
    'takes a %s artifact and gives the same bytes back',
    async (format) => {
      await using scratch = await scratchDirectory();
      await using registry = await startDockerRegistry(program ?? '', scratch.path);
      await using client = createRegistryClient();
      const store = await openLayoutStore(`${scratch.path}/store`);
      const module = moduleOf(5_000_000);
      const reference = `${registry.host}/team/app:v1`;

      const pushed = await pushArtifact({ to: client, reference, module, format });
      const pulled = await pullArtifact({ from: client, to: store, reference });

      expect(pulled).toMatchObject({ format, digest: pushed.digest, transferred: true });
      expect(Buffer.compare(await readModuleBytes(store, pulled), module)).toBe(0);
      expect((await pushArtifact({ to: client, reference, module, format })).transferred).toBe(
        format === 'cncf',
      );
      const byDigest = `${registry.host}/team/app@${pulled.digest}`;
      expect((await pullArtifact({ from: client, to: store, reference: byDigest })).digest).toBe(
        pulled.digest,
      );
    },
  );

  test.each([
    ['in one piece', 10_000_000, 4_000_000],
    ['in chunks', 1_500_000, 1_000_000],
  ])(
    'takes and gives a large blob %s, on connections that break off',
    async (_title, chunkBytes, cutAfter) => {
      await using scratch = await scratchDirectory();
      await using registry = await startDockerRegistry(program ?? '', scratch.path);
      await using proxy = await startCuttingProxy(registry.host);
      await using client = createRegistryClient({ uploads: { monolithicBytes: chunkBytes, chunkBytes } });
      const to = client.repository({ registry: proxy.host, repository: 'team/app' });
      const bytes = moduleOf(5_000_000);
      const descriptor = { mediaType: 'application/wasm', digest: digestOf(bytes), size: bytes.length };
      expect(await to.has(descriptor)).toBe(false);
      proxy.cutAfter(cutAfter);
      await to.write(descriptor, () => Readable.from(pieces(bytes)));
      expect(proxy.cuts).toBe(1);
      proxy.cutAfter(4_000_000);
      const read: Uint8Array[] = [];
      for await (const chunk of to.read(descriptor)) read.push(chunk);
      expect(Buffer.compare(Buffer.concat(read), bytes)).toBe(0);
      expect(proxy.cuts).toBe(2);
    },
  );

  test('tells a missing tag from a missing repository', async () => {
    await using scratch = await scratchDirectory();
    await using registry = await startDockerRegistry(program ?? '', scratch.path);
    await using client = createRegistryClient();
    const to = await openLayoutStore(`${scratch.path}/store`);
    await pushArtifact({ to: client, reference: `${registry.host}/team/app:v1`, module: emptyModule });
    const pull = (path: string) =>
      failureOf(pullArtifact({ from: client, to, reference: `${registry.host}/${path}` }));
    expect(await pull('team/app:v2')).toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    expect(await pull('team/other:v1')).toMatchObject({ code: 'NAME_UNKNOWN' });
  });

  test('with passwords lets in who has logged in', async () => {
    await using scratch = await scratchDirectory();
    await using registry = await startDockerRegistry(program ?? '', scratch.path, htpasswd);
    await using client = createRegistryClient();
    const reference = `${registry.host}/team/app:v1`;
    const options = { to: client, reference, module: emptyModule };
    expect(await failureOf(pushArtifact(options))).toMatchObject({ code: 'UNAUTHORIZED', status: 401 });
    const credential = { username: 'me', password: 'secret' };
    const configFile = `${scratch.path}/config.json`;
    const result = await login({ registry: registry.host, configFile, ...credential });
    expect(result.verified).toBe(true);
    expect((await pushArtifact({ ...options, credentials: [credential] })).transferred).toBe(true);
    const wrong = login({ registry: registry.host, configFile, username: 'me', password: 'no' });
    expect(await failureOf(wrong)).toMatchObject({ code: 'UNAUTHORIZED' });
  });
});
