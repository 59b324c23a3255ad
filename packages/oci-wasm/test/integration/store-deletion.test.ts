import { describe, expect, test } from 'vitest';
import { openLayoutStore } from '../../src/index.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { scratchDirectory } from '../fixtures/scratch.ts';
import { findingsOf, indexType, listOf, named, putImage, putJson } from '../fixtures/store-content.ts';

async function openStore() {
  const scratch = await scratchDirectory();
  const store = await openLayoutStore(scratch.path);
  return { store, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}

describe('deleting a manifest', () => {
  test('removes it with all its names; its layers go with the next collection', async () => {
    await using opened = await openStore();
    const { store } = opened;
    const kept = await putImage(store, 'kept');
    const image = await putImage(store, 'image');
    await store.tag(kept, named('v1'));
    await store.tag(image, named('v2'));
    await store.tag(image, named('latest'));

    await store.delete(image.descriptor);

    expect(await listOf(store.list())).toEqual(['host.example/app:v1']);
    expect(await store.has(image.descriptor)).toBe(false);
    expect(await store.has(image.layer)).toBe(true);
    expect(await findingsOf(store)).toEqual([]);
    const { removed } = await store.collectGarbage({ minimumAgeMs: 0 });
    expect(removed.map(({ digest }) => digest)).toEqual([image.layer.digest]);
    expect(await store.has(kept.layer)).toBe(true);
  });

  test('takes what is about it along', async () => {
    await using opened = await openStore();
    const { store } = opened;
    const image = await putImage(store, 'image');
    await store.tag(image, named('v1'));
    const signature = await putImage(store, 'signature', 10, { subject: image.descriptor });
    await store.delete(image.descriptor);
    expect(await store.has(signature.descriptor)).toBe(false);
    expect(await findingsOf(store)).toEqual([]);
  });

  test('that is not here is told', async () => {
    await using opened = await openStore();
    const { store } = opened;
    const image = await putImage(store, 'image');
    await store.delete(image.descriptor);
    expect(await failureOf(store.delete(image.descriptor))).toMatchObject({ code: 'NOT_FOUND_LOCALLY' });
  });

  test('gives up names whose manifest is missing', async () => {
    await using opened = await openStore();
    const { store } = opened;
    const image = await putImage(store, 'image');
    await store.delete(image.descriptor);
    await store.tag(image, named('v1'));
    expect(await findingsOf(store)).toMatchObject([{ kind: 'missing' }]);
    await store.delete(image.descriptor);
    expect(await findingsOf(store)).toEqual([]);
  });

  test('is refused while something needs it: a pin, a lease, an index, what is about it and has a name', async () => {
    await using opened = await openStore();
    const { store } = opened;
    const image = await putImage(store, 'image');
    await store.tag(image, named('v1'));
    const expectRefusal = async (holder: string): Promise<void> => {
      const error = await failureOf(store.delete(image.descriptor));
      expect(error).toMatchObject({ code: 'UNSUPPORTED' });
      expect(error.message).toContain(holder);
      expect((await store.resolve(named('v1'))).digest).toBe(image.descriptor.digest);
    };

    await store.pin(image.descriptor.digest, { id: 'mine' });
    await expectRefusal('pin mine');
    await store.unpin('mine');

    const lease = await store.lease();
    await lease.has(image.descriptor);
    await expectRefusal('work that is going on');
    await lease[Symbol.asyncDispose]();

    const index = await putJson(store, { manifests: [image.descriptor] }, indexType);
    await expectRefusal(`manifest ${index.descriptor.digest}`);
    await store.tag(index, named('all'));
    await expectRefusal('host.example/app:all');
    await store.delete(index.descriptor);

    const signature = await putImage(store, 'signature', 10, { subject: image.descriptor });
    await store.tag(signature, named('signature'));
    await expectRefusal('host.example/app:signature');
    await store.delete(signature.descriptor);

    await store.delete(image.descriptor);
    expect(await listOf(store.list())).toEqual([]);
    expect(await findingsOf(store)).toEqual([]);
  });

  test('is no way to take a layer from an image; one that is loose goes', async () => {
    await using opened = await openStore();
    const { store } = opened;
    const image = await putImage(store, 'image');
    expect(await failureOf(store.delete(image.layer))).toMatchObject({ code: 'UNSUPPORTED' });
    await store.delete(image.descriptor);
    await store.delete(image.layer);
    expect(await store.has(image.layer)).toBe(false);
  });
});
