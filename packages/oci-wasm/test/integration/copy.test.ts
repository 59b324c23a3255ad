import { describe, expect, test } from 'vitest';
import {
  copy,
  createMemoryStore,
  createRegistryClient,
  type Descriptor,
  type Manifest,
  type MemoryStore,
  openLayoutStore,
  type Reference,
  type RegistryClient,
} from '../../src/index.ts';
import { findDockerRegistry, startDockerRegistry } from '../fixtures/docker-registry.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { blobIn, imageIn, indexIn } from '../fixtures/graphs.ts';
import { all, attach, referrerTo } from '../fixtures/repository.ts';
import { scratchDirectory } from '../fixtures/scratch.ts';
import { openSession } from '../fixtures/session.ts';
import { digestOf } from '../registry/content-store.ts';
import { startTestRegistry } from '../registry/start-test-registry.ts';

const local: Reference = { registry: 'local.example', repository: 'app', tag: 'v1' };
const signature = 'application/vnd.example.signature';

/** An index of two images that share a layer, one with an empty layer, signed. */
async function madeInMemory(): Promise<{ readonly memory: MemoryStore; readonly root: Manifest }> {
  const memory = createMemoryStore();
  const shared = await blobIn(memory, 'shared');
  const images = [
    await imageIn(memory, '', { layers: [shared, await blobIn(memory, '')] }),
    await imageIn(memory, '', { layers: [shared, await blobIn(memory, 'own'.repeat(100_000))] }),
  ];
  const root = await indexIn(memory, images);
  await memory.tag(root, local);
  await attach(memory, referrerTo(root.descriptor, signature));
  return { memory, root };
}

/** Once around: memory, repository, another repository, a store on disk, memory; all with what refers to it. */
async function goAround(client: RegistryClient, host: string, directory: string): Promise<void> {
  const { memory, root } = await madeInMemory();
  const first: Reference = { registry: host, repository: 'team/first', tag: 'v1' };
  const second: Reference = { ...first, repository: 'team/second' };
  const [one, two] = [client.repository(first), client.repository(second)];
  const there = await copy({ from: memory, to: one, source: local, destination: first, referrers: true });
  expect(there.descriptor).toEqual(root.descriptor);

  const across = await copy({ from: one, to: two, source: first, destination: second, referrers: true });
  expect(across).toMatchObject({ mounted: 4, transferred: 4, there: 0 });
  expect(await copy({ from: one, to: two, source: first, destination: second })).toMatchObject({
    there: 7,
    transferred: 0,
  });

  const store = await openLayoutStore(`${directory}/layout`);
  await copy({ from: two, to: store, source: second, referrers: true });
  const back = createMemoryStore();
  const source = { ...second, digest: root.descriptor.digest };
  await copy({ from: two, to: back, source, destination: local, referrers: true });
  expect(back.sizeBytes).toBe(memory.sizeBytes);
  await copy({ from: store, to: createMemoryStore(), source: second });
  expect(await all(back.referrers(root.descriptor, { artifactType: signature }))).toHaveLength(1);
}

describe('a copy between registries, stores and memory', () => {
  test.each(['none', 'filtering'] as const)('keeps every byte (referrers API: %s)', async (referrers) => {
    await using session = await openSession({ referrers });
    await goAround(session.client, session.registry.host, session.directory);
    expect(session.registry.content.openUploads).toBe(0);
  });

  const program = findDockerRegistry();
  test.skipIf(program === undefined)('keeps every byte at Debian’s docker-registry', async () => {
    await using scratch = await scratchDirectory();
    await using registry = await startDockerRegistry(program ?? '', scratch.path);
    await using client = createRegistryClient();
    await goAround(client, registry.host, scratch.path);

    const name = { registry: registry.host, repository: 'team/first' };
    const repository = client.repository(name);
    const root = await repository.resolve({ ...name, tag: 'v1' });
    for (let index = 0; index < 5; index += 1)
      await copy({
        from: repository,
        to: repository,
        source: { ...name, tag: 'v1' },
        destination: { ...name, tag: `t${index}` },
      });
    const fallback = root.digest.replace(':', '-');
    expect((await all(repository.list())).toSorted()).toEqual([fallback, 't0', 't1', 't2', 't3', 't4', 'v1']);

    const [signed] = await all(repository.referrers(root));
    if (signed) await repository.delete(signed);
    expect(await all(repository.referrers(root))).toEqual([]);
    await repository.delete(root);
    expect(await failureOf(repository.resolve({ ...name, tag: 't1' }))).toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
  });

  test('goes from one registry to another without a place in between', async () => {
    await using from = await openSession();
    await using to = await startTestRegistry();
    const { memory, root } = await madeInMemory();
    const here: Reference = { registry: from.registry.host, repository: 'team/app', tag: 'v1' };
    const there: Reference = { registry: to.host, repository: 'mirror/app', tag: 'v1' };
    const [near, far] = [from.client.repository(here), from.client.repository(there)];
    await copy({ from: memory, to: near, source: local, destination: here });
    const result = await copy({ from: near, to: far, source: here, destination: there });
    expect(result).toMatchObject({ mounted: 0, transferred: 7 });
    expect(to.content.digestOf('mirror/app', 'v1')).toBe(root.descriptor.digest);
    expect(to.requests.at(-1)).toMatchObject({ method: 'PUT', path: '/v2/mirror/app/manifests/v1' });
  });

  test('begins a blob anew whose transfer broke off', async () => {
    await using session = await openSession();
    const { memory, root } = await madeInMemory();
    const name: Reference = { registry: session.registry.host, repository: 'team/app', tag: 'v1' };
    const repository = session.client.repository(name);
    await copy({ from: memory, to: repository, source: local, destination: name });
    const big = digestOf(Buffer.from('own'.repeat(100_000)));
    session.registry.fail(
      { method: 'GET', path: new RegExp(big) },
      { kind: 'truncate', afterBytes: 1000 },
      { times: 2 },
    );
    const back = createMemoryStore();
    expect((await copy({ from: repository, to: back, source: name })).descriptor).toEqual(root.descriptor);
  });

  test('sends blobs that the registry does not mount', async () => {
    await using session = await openSession({ mounts: false });
    const { memory } = await madeInMemory();
    const first: Reference = { registry: session.registry.host, repository: 'team/first', tag: 'v1' };
    const second: Reference = { ...first, repository: 'team/second' };
    const [one, two] = [session.client.repository(first), session.client.repository(second)];
    await copy({ from: memory, to: one, source: local, destination: first });
    const result = await copy({ from: one, to: two, source: first, destination: second });
    expect(result).toMatchObject({ mounted: 0, transferred: 7 });
    expect(session.registry.content.openUploads).toBe(0);
  });

  test('is not disturbed by a collection of garbage at the destination', async () => {
    await using scratch = await scratchDirectory();
    const store = await openLayoutStore(scratch.path);
    const { memory } = await madeInMemory();
    const before = async ({ digest }: Descriptor): Promise<void> => {
      if (digest !== (await memory.resolve(local)).digest) return;
      // All blobs and images are there, and nothing has a name.
      expect((await store.collectGarbage({ minimumAgeMs: 0 })).removed).toEqual([]);
    };
    await copy({ from: memory, to: store, source: local, before });
    const back = createMemoryStore();
    expect(await copy({ from: store, to: back, source: local })).toMatchObject({ transferred: 7 });
  });
});
