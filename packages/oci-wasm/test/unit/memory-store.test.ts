import { describe, expect, test } from 'vitest';
import { createMemoryStore, type Reference } from '../../src/index.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { blobIn, imageIn } from '../fixtures/graphs.ts';
import { all, attach, describeBytes, once, referrerTo } from '../fixtures/repository.ts';

const name: Reference = { registry: 'host.example', repository: 'app', tag: 'v1' };

describe('a memory store', () => {
  test('gives back what it was given', async () => {
    const store = createMemoryStore();
    const blob = await blobIn(store, 'content');
    expect(Buffer.concat(await all(store.read(blob))).toString()).toBe('content');
    expect(await store.has(blob)).toBe(true);
    expect(store.sizeBytes).toBe(7);
  });

  test.each([
    ['other bytes', 'DIGEST_MISMATCH', 'Content'],
    ['fewer bytes', 'TRUNCATED', 'conten'],
    ['more bytes', 'SIZE_MISMATCH', 'content!'],
  ])('refuses %s, and keeps nothing of them', async (_title, code, text) => {
    const store = createMemoryStore({ maxBytes: 8 });
    const descriptor = describeBytes(Buffer.from('content'), 'text/plain');
    expect(await failureOf(store.write(descriptor, () => once(Buffer.from(text))))).toMatchObject({ code });
    expect(await store.has(descriptor)).toBe(false);
    expect(store.sizeBytes).toBe(0);
    await blobIn(store, '8 bytes.');
  });

  test('refuses what does not fit, and takes it when there is room again', async () => {
    const store = createMemoryStore({ maxBytes: 10 });
    const first = await blobIn(store, 'content');
    await blobIn(store, 'content');
    expect(await failureOf(blobIn(store, 'more'))).toMatchObject({ code: 'TOO_LARGE' });
    await store.delete(first);
    await blobIn(store, 'more');
  });

  test('counts what is being written', async () => {
    const store = createMemoryStore({ maxBytes: 10 });
    const both = await Promise.allSettled([blobIn(store, 'eight by'), blobIn(store, 'tes each')]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  test('bounds blobs and names', async () => {
    const store = createMemoryStore({ maxEntries: 3 });
    const image = await imageIn(store, 'layer');
    expect(await failureOf(blobIn(store, 'fourth'))).toMatchObject({ code: 'TOO_LARGE' });
    for (const tag of ['a', 'b', 'c', 'c']) await store.tag(image, { ...name, tag });
    expect(await failureOf(store.tag(image, name))).toMatchObject({ code: 'TOO_LARGE' });
  });

  test('forgets names and referrers with what is deleted', async () => {
    const store = createMemoryStore();
    const image = await imageIn(store, 'layer');
    await store.tag(image, name);
    const signature = referrerTo(image.descriptor, 'application/vnd.example.signature');
    await attach(store, signature);
    expect(await all(store.referrers(image.descriptor, { artifactType: 'other' }))).toEqual([]);
    expect(await all(store.referrers(image.descriptor))).toHaveLength(1);
    await store.delete(signature.descriptor);
    expect(await all(store.referrers(image.descriptor))).toEqual([]);
    await store.delete(image.descriptor);
    expect(await all(store.list())).toEqual([]);
    expect(await failureOf(store.resolve(name))).toMatchObject({ code: 'NOT_FOUND_LOCALLY' });
    expect(await failureOf(store.delete(image.descriptor))).toMatchObject({ code: 'NOT_FOUND_LOCALLY' });
  });

  test('names only what it has', async () => {
    const store = createMemoryStore();
    const bytes = Buffer.of(1);
    const manifest = { descriptor: describeBytes(bytes, 'x/y'), bytes };
    expect(await failureOf(store.tag(manifest, name))).toMatchObject({ code: 'NOT_FOUND_LOCALLY' });
    expect(await failureOf(all(store.read(manifest.descriptor)))).toMatchObject({
      code: 'NOT_FOUND_LOCALLY',
    });
  });
});
