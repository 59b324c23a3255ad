import { describe, expect, test } from 'vitest';
import {
  createRegistryClient,
  openLayoutStore,
  pullArtifact,
  readArtifact,
  readModuleBytes,
} from '../../src/index.ts';
import { addArtifact, cncf, emptyComponent, moduleOf, wasmToOci } from '../fixtures/artifacts.ts';
import { scratchDirectory } from '../fixtures/scratch.ts';
import { startTestRegistry } from '../registry/start-test-registry.ts';

async function setUp() {
  const scratch = await scratchDirectory();
  const registry = await startTestRegistry();
  const client = createRegistryClient();
  const store = await openLayoutStore(scratch.path);
  return {
    registry,
    client,
    store,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

describe('pull', () => {
  test.each([
    ['wasm-to-oci', wasmToOci],
    ['cncf', cncf],
  ] as const)('brings a %s artifact into the store, byte by byte', async (format, types) => {
    await using parts = await setUp();
    const { registry, client: from, store: to } = parts;
    const module = moduleOf(300_000);
    const digest = addArtifact(registry, module, { types });

    const pulled = await pullArtifact({ from, to, reference: `${registry.host}/team/app:v1` });

    expect(pulled).toMatchObject({
      format,
      digest,
      manifestDigest: digest,
      kind: 'module',
      transferred: true,
    });
    expect(pulled.access).toEqual({ kind: 'anonymous' });
    expect(Buffer.compare(await readModuleBytes(to, pulled), module)).toBe(0);
    expect(await readArtifact(to, digest)).toMatchObject({ format, digest, layer: pulled.layer });
  });

  test('asks for the manifest alone when all of it is there', async () => {
    await using parts = await setUp();
    const { registry, client: from, store: to } = parts;
    addArtifact(registry, moduleOf(1000));
    const reference = `${registry.host}/team/app:v1`;
    await pullArtifact({ from, to, reference });
    registry.forget();

    const again = await pullArtifact({ from, to, reference });

    expect(again.transferred).toBe(false);
    expect(registry.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'HEAD /v2/team/app/manifests/v1',
    ]);
  });

  test('says that a component is one', async () => {
    await using parts = await setUp();
    const { registry, client: from, store: to } = parts;
    addArtifact(registry, emptyComponent, { types: cncf });
    const pulled = await pullArtifact({ from, to, reference: `${registry.host}/team/app:v1` });
    expect(pulled.kind).toBe('component');
  });
});
