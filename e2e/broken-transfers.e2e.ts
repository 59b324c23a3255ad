import { join } from 'node:path';
import { openLayoutStore, pullArtifact, pushArtifact, readModuleBytes } from '@wasmlet/oci-wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCuttingProxy } from './fixtures/cutting-proxy.ts';
import { digestOf } from './fixtures/digest.ts';
import { openGuardedClient } from './fixtures/guarded-client.ts';
import { type PrivateRegistry, startPrivateRegistry } from './fixtures/registry.ts';
import { type RegistryVersions, startBothVersions } from './fixtures/registry-versions.ts';
import { describeWith } from './fixtures/requirements.ts';
import { openScratchDirectory } from './fixtures/scratch-directory.ts';
import { uniqueBinary } from './fixtures/wasm-binary.ts';

const size = 8_000_000;
/** TLS, headers, what was on its way when the connection broke. */
const mostBytes = 1.3 * size;

await describeWith('connections that break', ['registry', 'registry tools', 'htpasswd'], () => {
  const unwind = new AsyncDisposableStack();
  let root: string;
  let registries: RegistryVersions<PrivateRegistry>;

  beforeAll(async () => {
    root = unwind.use(await openScratchDirectory('broken-transfers')).path;
    registries = await startBothVersions(startPrivateRegistry, unwind);
  });
  afterAll(() => unwind.disposeAsync());

  describe.each([
    // 2.8 does not tell how far an upload has come, so it begins anew.
    { version: 'distribution 2.8', which: 'debian', goesOn: 'begins anew', mostSent: 1.6 * size },
    {
      version: 'distribution 3.1',
      which: 'current',
      goesOn: 'goes on from where it broke off',
      mostSent: mostBytes,
    },
  ] as const)('$version', ({ which, goesOn, mostSent }) => {
    test('a pull goes on from where it broke off', async () => {
      const registry = registries[which];
      await using proxy = await startCuttingProxy(registry.host);
      await using client = await openGuardedClient([{ ...registry, host: proxy.host }]);
      const reference = `${proxy.host}/team/pulled:v1`;
      const bytes = uniqueBinary('module', size);
      await pushArtifact({ to: client, reference, module: bytes });
      const store = await openLayoutStore(join(root, which));
      const before = proxy.passed('down');
      proxy.cutAfter('down', size / 2);
      const pulled = await pullArtifact({ from: client, to: store, reference });
      expect(proxy.cuts).toBe(1);
      expect(digestOf(await readModuleBytes(store, pulled))).toBe(digestOf(bytes));
      expect(proxy.passed('down') - before).toBeLessThan(mostBytes);
      await expect.poll(() => registry.log()).toMatch(/"GET \/v2\/team\/pulled\/blobs\/\S+ HTTP\S+ 206/);
    });

    test.each([
      { title: 'in chunks', uploads: { monolithicBytes: 500_000, chunkBytes: 1_000_000 } },
      { title: 'in one request', uploads: {} },
    ])(`a push $title ${goesOn}`, async ({ title, uploads }) => {
      const registry = registries[which];
      await using proxy = await startCuttingProxy(registry.host);
      await using client = await openGuardedClient([{ ...registry, host: proxy.host }], { uploads });
      const reference = `${proxy.host}/team/${title.replaceAll(' ', '-')}:v1`;
      const bytes = uniqueBinary('module', size);
      proxy.cutAfter('up', size / 2);
      const { layer } = await pushArtifact({ to: client, reference, module: bytes });
      expect(proxy.cuts).toBe(1);
      expect(layer.digest).toBe(digestOf(bytes));
      expect(proxy.passed('up')).toBeLessThan(mostSent);
      const store = await openLayoutStore(join(root, `${which}-${title}`));
      const pulled = await pullArtifact({ from: client, to: store, reference });
      expect(digestOf(await readModuleBytes(store, pulled))).toBe(digestOf(bytes));
    });
  });
});
