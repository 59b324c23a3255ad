import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLayoutStore, readArtifact, readModuleBytes } from '../../src/index.ts';
import { cncf, emptyModule } from '../fixtures/artifacts.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { scratchDirectory } from '../fixtures/scratch.ts';
import {
  findingsOf,
  indexType,
  listOf,
  named,
  pathOf,
  put,
  putImage,
  putJson,
} from '../fixtures/store-content.ts';

const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';

/** A store with an artifact in an index in an index, listed as another tool would: no name, or its tag alone. */
async function foreignLayout(entry: object, manifestType?: string) {
  const scratch = await scratchDirectory();
  const store = await openLayoutStore(scratch.path);
  const config = await put(store, Buffer.from('{}'), cncf.config);
  const layer = await put(store, emptyModule);
  const image = await putJson(store, { config, layers: [layer] }, manifestType);
  const inner = await putJson(store, { manifests: [image.descriptor] }, indexType);
  const outer = await putJson(store, { manifests: [inner.descriptor] }, indexType);
  const { mediaType, digest, size } = outer.descriptor;
  // As skopeo writes it: no media type, no final newline.
  const index = JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType, digest, size, ...entry }] });
  await writeFile(join(scratch.path, 'index.json'), index);
  await writeFile(join(scratch.path, 'NOTES'), 'other files are allowed');
  return { store, image, outer, layer, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}

const tagOnly = { annotations: { 'org.opencontainers.image.ref.name': 'v1' } };

describe('a layout that another tool has written', () => {
  test.each([
    ['names a tag alone', tagOnly, undefined],
    ['names nothing', {}, undefined],
    ['has docker’s media types', tagOnly, dockerManifest],
  ])('%s: it is read by digest, from the index in the index as well', async (_title, entry, type) => {
    await using layout = await foreignLayout(entry, type);
    const store = await openLayoutStore(layout.store.directory);
    for (const { digest } of [layout.outer.descriptor, layout.image.descriptor]) {
      const artifact = await readArtifact(store, digest);
      expect(Buffer.compare(await readModuleBytes(store, artifact), emptyModule)).toBe(0);
    }
    const { digest } = layout.image.descriptor;
    const reference = { registry: 'host.example', repository: 'app', digest };
    expect((await store.resolve(reference)).mediaType).toBe(layout.image.descriptor.mediaType);
    expect(await findingsOf(store)).toEqual([]);
    expect((await store.collectGarbage({ minimumAgeMs: 0 })).removed).toEqual([]);
  });

  test('its names are found as they are written, and stand for no repository', async () => {
    await using layout = await foreignLayout(tagOnly);
    const { store } = layout;
    expect((await store.resolveName('v1')).digest).toBe(layout.outer.descriptor.digest);
    expect(await listOf(store.list())).toEqual(['v1']);
    expect(await failureOf(store.resolve(named('v1')))).toMatchObject({ code: 'NOT_FOUND_LOCALLY' });
  });

  test('a name that lies about a digest is not believed', async () => {
    await using layout = await foreignLayout({});
    const { store, image, outer } = layout;
    const { digest } = image.descriptor;
    const reference = { registry: 'host.example', repository: 'app', digest };
    await store.tag(outer, reference);
    expect((await store.resolve(reference)).digest).toBe(digest);
  });
});

describe('a layout for other tools', () => {
  test('has its index from the beginning', async () => {
    await using scratch = await scratchDirectory();
    await openLayoutStore(scratch.path);
    expect(JSON.parse(await readFile(join(scratch.path, 'index.json'), 'utf8'))).toEqual({
      schemaVersion: 2,
      mediaType: indexType,
      manifests: [],
    });
  });
});

describe('verify', () => {
  test('tells damage, absence and entries that are none, and repairs what can be pulled again', async () => {
    await using scratch = await scratchDirectory();
    const store = await openLayoutStore(scratch.path);
    const image = await putImage(store, 'image');
    const { digest } = image.layer;
    await store.tag(image, named('v1'));
    await writeFile(pathOf(store, digest), 'something else');
    expect(await findingsOf(store)).toMatchObject([{ kind: 'damaged', digest, removed: false }]);
    expect(await listOf(store.verify({ repair: true }))).toMatchObject([
      { kind: 'damaged', digest, removed: true },
      { kind: 'missing', digest, neededBy: image.descriptor.digest },
    ]);
    await store.tag(
      { ...image, descriptor: { ...image.descriptor, digest: `sha256:${'0'.repeat(64)}` } },
      named('v2'),
    );
    const path = join(scratch.path, 'index.json');
    const index = JSON.parse(await readFile(path, 'utf8')) as { manifests: unknown[] };
    await writeFile(path, JSON.stringify({ ...index, manifests: [...index.manifests, { digest: 'x' }] }));
    expect((await findingsOf(store)).map(({ kind }) => kind)).toEqual([
      'unreadable-entry',
      'missing',
      'missing',
    ]);
  });

  test('takes an index with some of its manifests for whole', async () => {
    await using scratch = await scratchDirectory();
    const store = await openLayoutStore(scratch.path);
    const { descriptor } = await putImage(store, 'image');
    const other = { ...descriptor, digest: `sha256:${'1'.repeat(64)}` };
    await store.tag(await putJson(store, { manifests: [other, descriptor] }, indexType), named('v1'));
    expect(await findingsOf(store)).toEqual([]);
  });
});
