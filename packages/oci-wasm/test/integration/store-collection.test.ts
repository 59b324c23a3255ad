import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type LayoutStore, openLayoutStore } from '../../src/index.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { scratchDirectory } from '../fixtures/scratch.ts';
import {
  age,
  findingsOf,
  indexType,
  listOf,
  named,
  put,
  putImage,
  putJson,
} from '../fixtures/store-content.ts';

const now = { minimumAgeMs: 0 };

async function openStore() {
  const scratch = await scratchDirectory();
  const store = await openLayoutStore(scratch.path);
  return { store, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}

async function blobsOf(store: LayoutStore): Promise<readonly string[]> {
  const names = await readdir(join(store.directory, 'blobs/sha256'));
  return names.map((name) => `sha256:${name}`).toSorted();
}

describe('a collection removes', () => {
  test('what no name leads to, and tells it', async () => {
    await using opened = await openStore();
    const { store } = opened;
    const kept = await putImage(store, 'kept');
    await store.tag(kept, named('v1'));
    const loose = await putImage(store, 'loose');

    const { removed, bytesBefore, bytesRemoved, names } = await store.collectGarbage(now);

    const gone = [loose.descriptor.digest, loose.layer.digest].toSorted();
    expect(removed.map(({ digest }) => digest).toSorted()).toEqual(gone);
    expect(bytesRemoved).toBe(loose.descriptor.size + loose.layer.size);
    expect(bytesBefore).toBe(bytesRemoved + kept.descriptor.size + kept.layer.size + 2);
    expect(names).toEqual([]);
    expect(await store.has(loose.layer)).toBe(false);
    expect(await findingsOf(store)).toEqual([]);
  });

  test('nothing in a dry run, which tells the same', async () => {
    await using opened = await openStore();
    const { store } = opened;
    await store.tag(await putImage(store, 'named'), named('v1'));
    await putImage(store, 'loose');
    const before = await blobsOf(store);
    const dry = await store.collectGarbage({ ...now, dropNames: true, dryRun: true });
    expect(await blobsOf(store)).toEqual(before);
    const real = await store.collectGarbage({ ...now, dropNames: true });
    expect(real.names).toEqual(dry.names);
    expect(real.bytesRemoved).toBe(dry.bytesRemoved);
    expect(new Set(real.removed)).toEqual(new Set(dry.removed));
  });

  test('nothing that was written or used within the minimum age', async () => {
    await using opened = await openStore();
    const { store } = opened;
    const { descriptor, layer } = await putImage(store, 'young');
    const old = await put(store, Buffer.from('old'));
    await age(store, 7_200_000, descriptor.digest, old.digest);
    const { removed } = await store.collectGarbage();
    // The layer is young, so the manifest that leads to it stays as well.
    expect(removed.map(({ digest }) => digest)).toEqual([old.digest]);
    await age(store, 7_200_000, descriptor.digest, layer.digest);
    expect(await store.has(layer)).toBe(true);
    expect((await store.collectGarbage()).removed).toEqual([]);
  });

  test('nothing below the high watermark, and above it the least recently used down to the low one', async () => {
    await using opened = await openStore();
    const { store } = opened;
    for (const [index, tag] of ['first', 'second', 'third'].entries()) {
      const image = await putImage(store, tag, 10_000);
      await store.tag(image, named(tag));
      await age(store, (10 - index) * 3_600_000, image.descriptor.digest, image.layer.digest);
    }
    const limits = { lowBytes: 25_000, dropNames: true };
    expect((await store.collectGarbage({ ...limits, highBytes: 40_000 })).removed).toEqual([]);
    const { names } = await store.collectGarbage({ ...limits, highBytes: 30_000 });
    expect(names).toEqual(['host.example/app:first']);
    expect(await listOf(store.list())).toEqual(['host.example/app:second', 'host.example/app:third']);
    expect(await findingsOf(store)).toEqual([]);
  });

  test('loose content before names', async () => {
    await using opened = await openStore();
    const { store } = opened;
    const image = await putImage(store, 'old', 10_000);
    await store.tag(image, named('v1'));
    await age(store, 7_200_000, image.descriptor.digest, image.layer.digest);
    await putImage(store, 'young', 10_000);
    const { names } = await store.collectGarbage({ ...now, highBytes: 0, lowBytes: 11_000, dropNames: true });
    expect(names).toEqual([]);
    expect(await store.has(image.layer)).toBe(true);
  });
});

describe('a collection keeps', () => {
  test('what is pinned, with its names, until the pin is taken out', async () => {
    await using opened = await openStore();
    const { store } = opened;
    const image = await putImage(store, 'pinned');
    await store.tag(image, named('v1'));
    await store.pin(image.descriptor.digest, { id: 'a pin/with any:name', metadata: { for: 'a test' } });
    const again = await openLayoutStore(store.directory);
    expect(await again.pins()).toMatchObject([
      { id: 'a pin/with any:name', digest: image.descriptor.digest, metadata: { for: 'a test' } },
    ]);
    expect((await again.collectGarbage({ ...now, dropNames: true })).removed).toEqual([]);
    expect(await again.unpin('a pin/with any:name')).toBe(true);
    expect(await again.unpin('a pin/with any:name')).toBe(false);
    expect((await again.collectGarbage({ ...now, dropNames: true })).names).toEqual(['host.example/app:v1']);
    expect(await blobsOf(store)).toEqual([]);
  });

  test('what a lease has written, found or been told, until it is released', async () => {
    await using opened = await openStore();
    const { store } = opened;
    const found = await put(store, Buffer.from('found'));
    const told = await putImage(store, 'told');
    {
      await using lease = await store.lease();
      expect(await lease.has(found)).toBe(true);
      await lease.hold(told.descriptor.digest);
      await put(lease, Buffer.from('written'));
      expect((await store.collectGarbage(now)).removed).toEqual([]);
    }
    expect((await store.collectGarbage(now)).removed).toHaveLength(5);
  });

  test('all of an index within an index, and what is about a manifest', async () => {
    await using opened = await openStore();
    const { store } = opened;
    const image = await putImage(store, 'image');
    const inner = await putJson(store, { manifests: [image.descriptor] }, indexType);
    const outer = await putJson(store, { manifests: [inner.descriptor] }, indexType);
    await store.tag(outer, named('v1'));
    const signature = await putImage(store, 'signature', 10, {
      subject: image.descriptor,
      artifactType: 'application/x-signature',
    });
    expect((await store.collectGarbage(now)).removed).toEqual([]);
    expect(await listOf(store.referrers(image.descriptor))).toMatchObject([
      { digest: signature.descriptor.digest, artifactType: 'application/x-signature' },
    ]);
    const { removed } = await store.collectGarbage({ ...now, keepReferrers: false });
    expect(removed.map(({ digest }) => digest).toSorted()).toEqual(
      [signature.descriptor.digest, signature.layer.digest].toSorted(),
    );
    await store.untag(named('v1'));
    await store.collectGarbage(now);
    expect(await blobsOf(store)).toEqual([]);
  });

  test('nothing for a process that has ended', async () => {
    await using opened = await openStore();
    const { store } = opened;
    const lease = await store.lease();
    await put(lease, Buffer.from('left'));
    const [file = ''] = await readdir(join(store.directory, 'leases'));
    // Process ids are given again: this one began at another time.
    const other = file.replace(/^(\w+-\d+)-\d+/, '$1-1');
    await rename(join(store.directory, 'leases', file), join(store.directory, 'leases', other));
    expect((await store.collectGarbage(now)).removed).toHaveLength(1);
    expect(await readdir(join(store.directory, 'leases'))).toEqual([]);
    // Had it been asleep, it could not name what is gone.
    const manifest = { descriptor: await put(store, Buffer.from('x')), bytes: Buffer.from('x') };
    expect(await failureOf(lease.tag(manifest, named('v1')))).toMatchObject({ code: 'STORE_FAILED' });
  });
});

describe('beside a collection', () => {
  test('writers and pullers of the same content lose nothing', async () => {
    await using opened = await openStore();
    const { store } = opened;
    const other = await openLayoutStore(store.directory);
    let collecting = true;
    const collector = (async () => {
      let count = 0;
      while (collecting) count += (await other.collectGarbage({ ...now, dropNames: true })).removed.length;
      return count;
    })();
    for (let round = 0; round < 60; round += 1) {
      await using lease = await store.lease();
      const image = await putImage(lease, `image ${round % 3}`);
      expect(await lease.has(image.layer)).toBe(true);
      await lease.tag(image, named('v1'));
      for (const part of [image.descriptor, image.layer]) expect(await store.has(part)).toBe(true);
    }
    collecting = false;
    expect(await collector).toBeGreaterThan(0);
    expect(await findingsOf(store)).toEqual([]);
  });

  test('content that is asked for on its way out comes back, with what it leads to', async () => {
    await using opened = await openStore();
    const { store } = opened;
    const image = await putImage(store, 'wanted');
    const directory = join(store.directory, 'removed');
    // As a collection leaves it that was killed.
    await moveAside(store, directory);
    expect(await store.has(image.descriptor)).toBe(true);
    const again = await openLayoutStore(store.directory);
    expect(await readdir(directory)).toEqual([]);
    expect(await again.has(image.layer)).toBe(true);
  });

  test('an abort leaves a whole store', async () => {
    await using opened = await openStore();
    const { store } = opened;
    await putImage(store, 'loose');
    const reason = new Error('enough');
    const collecting = store.collectGarbage({ ...now, signal: AbortSignal.abort(reason) });
    expect(await failureOf(collecting)).toBe(reason);
    expect(await readdir(store.directory)).not.toContain('collection.lock');
    expect(await findingsOf(store)).toEqual([]);
  });
});

describe('pins', () => {
  test('are refused for what is not here, and leave none', async () => {
    await using opened = await openStore();
    const { store } = opened;
    const digest = `sha256:${'0'.repeat(64)}`;
    expect(await failureOf(store.pin(digest, { id: 'x' }))).toMatchObject({ code: 'NOT_FOUND_LOCALLY' });
    expect(await store.pins()).toEqual([]);
  });

  test('that cannot be read stop a collection', async () => {
    await using opened = await openStore();
    const { store } = opened;
    const image = await putImage(store, 'pinned');
    await store.pin(image.descriptor.digest, { id: 'x' });
    const [file = ''] = await readdir(join(store.directory, 'pins'));
    await writeFile(join(store.directory, 'pins', file), '{');
    expect(await failureOf(store.collectGarbage(now))).toMatchObject({ code: 'STORE_FAILED' });
    expect(await readFile(join(store.directory, 'pins', file), 'utf8')).toBe('{');
    expect(await store.has(image.layer)).toBe(true);
  });
});

async function moveAside(store: LayoutStore, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const digest of await blobsOf(store)) {
    const [algorithm = '', hex = ''] = digest.split(':');
    await rename(join(store.directory, 'blobs', algorithm, hex), join(directory, `${algorithm}-${hex}`));
  }
}
