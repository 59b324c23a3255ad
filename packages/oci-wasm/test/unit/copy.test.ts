import { describe, expect, test } from 'vitest';
import {
  copy,
  type CopyOptions,
  type CopyOutcome,
  createMemoryStore,
  type Descriptor,
  type Manifest,
  type MemoryStore,
  type Reference,
} from '../../src/index.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { blobIn, dockerList, dockerManifest, imageIn, indexIn, manifestIn } from '../fixtures/graphs.ts';
import { recorded } from '../fixtures/recorded.ts';
import { all, attach, describeBytes, once, referrerTo } from '../fixtures/repository.ts';
import { digestOf, ociManifest } from '../registry/content-store.ts';

const source: Reference = { registry: 'host.example', repository: 'app', tag: 'v1' };

/** A source in which `v1` is a manifest, and an empty destination. */
async function ends(make: (from: MemoryStore) => Promise<Manifest>) {
  const from = createMemoryStore();
  const root = await make(from);
  await from.tag(root, source);
  const to = createMemoryStore();
  const { target, calls } = recorded(to);
  const run = (options: Partial<CopyOptions> = {}) => copy({ from, to: target, source, ...options });
  return { from, root, to, calls, run };
}

describe('a copy', () => {
  test.each<[string, (from: MemoryStore) => Promise<Manifest>]>([
    ['an image', (at) => imageIn(at, 'a')],
    ['an image of docker’s', (at) => imageIn(at, 'a', { mediaType: dockerManifest })],
    ['an artifact without layers', (at) => imageIn(at, 'a', { layers: [] })],
    ['an empty blob', async (at) => imageIn(at, 'a', { layers: [await blobIn(at, '')] })],
    ['a subject that is not there', (at) => imageIn(at, 'a', { fields: { subject: absent } })],
    ['fields of its own', (at) => imageIn(at, 'a', { fields: { 'x-note': { b: 1 } } })],
    ['an index', async (at) => indexIn(at, [await imageIn(at, 'a'), await imageIn(at, 'b')])],
    ['an empty index', (at) => indexIn(at, [])],
    [
      'a list of docker’s',
      async (at) => indexIn(at, [await imageIn(at, 'a', { mediaType: dockerManifest })], dockerList),
    ],
    [
      'an index in an index',
      async (at) => indexIn(at, [await indexIn(at, [await imageIn(at, 'a')]), await imageIn(at, 'b')]),
    ],
    [
      'an index that lists a blob',
      async (at) => manifestIn(at, { schemaVersion: 2, manifests: [await blobIn(at, 'x')] }, ociIndexType),
    ],
    [
      'a layer that calls itself a manifest',
      async (at) => imageIn(at, 'a', { layers: [await blobIn(at, '{}', ociManifest)] }),
    ],
  ])('has all of %s', async (_title, make) => {
    const { from, root, to, run } = await ends(make);
    const result = await run();
    expect(result.descriptor.digest).toBe(root.descriptor.digest);
    expect(await to.resolve(source)).toEqual(root.descriptor);
    expect(to.sizeBytes).toBe(from.sizeBytes);
  });

  test('writes content before manifests, the innermost first, and the name last', async () => {
    const written: string[] = [];
    const { root, calls, run } = await ends(async (at) => {
      const image = await imageIn(at, 'a');
      const inner = await indexIn(at, [image]);
      // The image is listed at the first level as well as at the second.
      const outer = await indexIn(at, [image, inner]);
      written.push(...[image, inner, outer].map(({ descriptor }) => `write ${descriptor.digest}`));
      return outer;
    });
    await run();
    expect(calls.slice(2)).toEqual([...written, `tag ${root.descriptor.digest}`]);
  });

  test('transfers equal blobs once, and what is there not at all', async () => {
    const { calls, to, run } = await ends(async (at) => {
      const shared = await blobIn(at, 'shared');
      const own = await blobIn(at, 'own');
      const first = await imageIn(at, '', { layers: [shared, shared, own] });
      return indexIn(at, [first, await imageIn(at, '', { layers: [shared] })]);
    });
    await blobIn(to, 'own');
    const result = await run();
    expect(result).toMatchObject({ transferred: 5, there: 1, mounted: 0, skipped: 0 });
    expect(calls.filter((call) => call === `write ${digestOf(Buffer.from('shared'))}`)).toHaveLength(1);
    expect(await run()).toMatchObject({ transferred: 0, there: 6 });
  });

  test('fills in what is missing below a manifest that is there', async () => {
    const { root, to, run } = await ends((at) => imageIn(at, 'a'));
    await to.write(root.descriptor, () => once(root.bytes));
    expect(await run()).toMatchObject({ transferred: 2, there: 1 });
  });

  test('gives a new name, or takes a digest for one', async () => {
    const { from, root, to, run } = await ends((at) => imageIn(at, 'a'));
    const { digest } = root.descriptor;
    await run({ destination: 'other.example/team/app:v2' });
    expect(await all(to.list())).toEqual(['other.example/team/app:v2']);
    const byDigest = { registry: 'host.example', repository: 'app', digest };
    await from.tag(root, byDigest);
    await copy({ from, to, source: byDigest });
    expect(await all(to.list())).toContain(`host.example/app@${digest}`);
  });

  test('to a name with another digest is refused before anything is written', async () => {
    const { calls, run } = await ends((at) => imageIn(at, 'a'));
    const destination = { ...source, digest: absent.digest };
    expect(await failureOf(run({ destination }))).toMatchObject({ code: 'INVALID_REFERENCE' });
    expect(calls).toEqual([]);
  });

  test('leaves out layers that may not be handed out, unless told otherwise', async () => {
    const types = [
      'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
      'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
    ];
    const { to, run } = await ends(async (at) =>
      imageIn(at, '', { layers: await Promise.all(types.map((type) => blobIn(at, type, type))) }),
    );
    expect(await run()).toMatchObject({ transferred: 2 });
    expect(await to.has(describeBytes(Buffer.from(types[0] ?? ''), ''))).toBe(false);
    expect(await run({ nondistributable: true })).toMatchObject({ transferred: 2 });
  });

  test('takes content that a descriptor carries itself, if it is right', async () => {
    const { from, run } = await ends(async (at) => {
      const bytes = Buffer.from('embedded');
      const layer = { ...describeBytes(bytes, 'text/plain'), data: bytes.toString('base64') };
      const wrong = { ...(await blobIn(at, 'fetched')), data: Buffer.from('altered').toString('base64') };
      return imageIn(at, '', { layers: [layer, wrong] });
    });
    const embedded = describeBytes(Buffer.from('embedded'), 'text/plain');
    expect(await from.has(embedded)).toBe(false);
    expect(await run()).toMatchObject({ transferred: 4 });
  });

  test('brings along what refers to it when asked to', async () => {
    const { from, to, run, root } = await ends(async (at) => indexIn(at, [await imageIn(at, 'a')]));
    const [image] = (JSON.parse(Buffer.from(root.bytes).toString()) as { manifests: [Descriptor] }).manifests;
    const signature = referrerTo(image, 'application/vnd.example.signature');
    const about = referrerTo(signature.descriptor, 'application/vnd.example.sbom');
    await attach(from, signature);
    await attach(from, about);
    await run();
    expect(await all(to.referrers(image))).toEqual([]);
    await run({ referrers: true });
    expect((await all(to.referrers(image))).map(({ digest }) => digest)).toEqual([
      signature.descriptor.digest,
    ]);
    expect(await all(to.referrers(signature.descriptor))).toHaveLength(1);
    expect(to.sizeBytes).toBe(from.sizeBytes);
  });

  test('of what refers to it needs a source that can tell', async () => {
    const { from, run } = await ends((at) => imageIn(at, 'a'));
    const plain: CopyOptions['from'] = {
      resolve: (...call) => from.resolve(...call),
      read: (...call) => from.read(...call),
    };
    expect(await failureOf(run({ from: plain, referrers: true }))).toMatchObject({ code: 'UNSUPPORTED' });
  });
});

const absent = { mediaType: ociManifest, digest: `sha256:${'0'.repeat(64)}`, size: 2 };
const ociIndexType = 'application/vnd.oci.image.index.v1+json';

describe('hooks', () => {
  test('are told of everything, and may leave something out', async () => {
    const { run } = await ends((at) => imageIn(at, 'layer'));
    const layer = digestOf(Buffer.from('layer'));
    const before: string[] = [];
    const after = new Map<string, CopyOutcome>();
    const progress: number[] = [];
    const result = await run({
      skip: ({ digest, size }) => digest !== layer && size === 2,
      before: ({ digest }) => void before.push(digest),
      after: (descriptor, outcome) => void after.set(descriptor.digest, outcome),
      onProgress: ({ transferredBytes }) => void progress.push(transferredBytes),
    });
    expect(before).toEqual([layer, result.descriptor.digest]);
    expect([...after.values()].toSorted()).toEqual(['skipped', 'transferred', 'transferred']);
    expect(progress).toEqual([5]);
    expect(result).toMatchObject({ transferred: 2, skipped: 1 });
  });

  test('end the copy when they throw, before it has a name', async () => {
    const { to, run } = await ends((at) => imageIn(at, 'layer'));
    const before = refuseManifests;
    await expect(run({ before })).rejects.toThrow('not this one');
    expect(await all(to.list())).toEqual([]);
  });
});

function refuseManifests({ mediaType }: Descriptor): void {
  if (mediaType === ociManifest) throw new Error('not this one');
}

describe('side by side', () => {
  test.each([
    [undefined, 3],
    [0, 1],
    [1, 1],
    [5, 5],
  ])('with concurrency %s so many blobs are on their way: %i', async (concurrency, expected) => {
    const { from, run } = await ends(async (at) => {
      const texts = Array.from({ length: 12 }, (_, index) => `layer ${index}`);
      return imageIn(at, '', { layers: await Promise.all(texts.map((text) => blobIn(at, text))) });
    });
    let now = 0;
    let most = 0;
    const slow: CopyOptions['from'] = {
      resolve: (...call) => from.resolve(...call),
      async *read(descriptor, options) {
        now += 1;
        most = Math.max(most, now);
        for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
        yield* from.read(descriptor, options);
        now -= 1;
      },
    };
    await run({ from: slow, ...(concurrency === undefined ? {} : { concurrency }) });
    expect(most).toBe(expected);
  });

  test('one that fails ends the others', async () => {
    const { from, to, run } = await ends(async (at) =>
      imageIn(at, '', { layers: [await blobIn(at, 'fails'), await blobIn(at, 'waits')] }),
    );
    const ended: unknown[] = [];
    const broken: CopyOptions['from'] = {
      resolve: (...call) => from.resolve(...call),
      async *read(descriptor, options) {
        if (descriptor.size === 5 && descriptor.digest === digestOf(Buffer.from('fails')))
          throw new Error('broken');
        if (descriptor.digest === digestOf(Buffer.from('waits'))) {
          await new Promise((resolve) => options?.signal?.addEventListener('abort', resolve));
          ended.push(options?.signal?.reason);
          options?.signal?.throwIfAborted();
        }
        yield* from.read(descriptor, options);
      },
    };
    await expect(run({ from: broken })).rejects.toThrow('broken');
    expect(ended).toEqual([new Error('broken')]);
    expect(await all(to.list())).toEqual([]);
  });

  test('all end with the signal', async () => {
    const { to, run } = await ends((at) => imageIn(at, 'layer'));
    const stop = new AbortController();
    const before = (): void => stop.abort(new Error('enough'));
    await expect(run({ before, signal: stop.signal })).rejects.toThrow('enough');
    expect(await all(to.list())).toEqual([]);
  });
});

describe('an artifact is refused that', () => {
  test.each<[string, Partial<CopyOptions['limits'] & object>, string]>([
    ['is nested too deep', { depth: 2 }, 'nested more than 2 deep'],
    ['has too many manifests', { manifests: 2 }, 'more than 2 manifests'],
    ['has too large manifests', { manifestBytes: 400 }, 'larger than 400 bytes'],
    ['has too many blobs', { blobs: 1 }, 'more than 1 blobs'],
  ])('%s', async (_title, limits, problem) => {
    const { calls, run } = await ends(async (at) =>
      indexIn(at, [await indexIn(at, [await imageIn(at, 'a')])]),
    );
    expect(await failureOf(run({ limits }))).toMatchObject({
      code: 'TOO_LARGE',
      message: expect.stringContaining(problem) as string,
    });
    expect(calls).toEqual([]);
  });

  test('announces a manifest beyond the usual bound', async () => {
    const huge = { ...absent, size: 5 * 1024 * 1024 };
    const { run } = await ends((at) => manifestIn(at, { schemaVersion: 2, manifests: [huge] }, ociIndexType));
    expect(await failureOf(run())).toMatchObject({ code: 'TOO_LARGE' });
  });

  test.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['neither image nor index', '{"schemaVersion":1,"fsLayers":[]}'],
    ['image and index at once', '{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}'],
    ['without a config', '{"schemaVersion":2,"layers":[]}'],
    ['with an entry that is none', '{"schemaVersion":2,"manifests":[{"digest":"sha256:1"}]}'],
  ])('is %s', async (_title, text) => {
    const { run } = await ends(async (at) => {
      const bytes = Buffer.from(text);
      const descriptor = describeBytes(bytes, ociManifest);
      await at.write(descriptor, () => once(bytes));
      return { descriptor, bytes };
    });
    expect(await failureOf(run())).toMatchObject({ code: 'UNSUPPORTED_ARTIFACT' });
  });
});
