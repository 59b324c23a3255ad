import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Repository } from '../../src/index.ts';
import { moduleOf } from '../fixtures/artifacts.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { openSession, type Session } from '../fixtures/session.ts';
import { digestOf } from '../registry/content-store.ts';
import type { TestRegistryOptions } from '../registry/start-test-registry.ts';

const content = moduleOf(500_000);
const descriptor = { mediaType: 'application/wasm', digest: digestOf(content), size: content.length };
const uploads = { monolithicBytes: 100_000, chunkBytes: 200_000 };
const patch = { method: 'PATCH', path: /uploads/ };
const put = { method: 'PUT', path: /uploads/ };

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < content.length; offset += 70_000)
    yield content.subarray(offset, offset + 70_000);
}

async function* broken(): AsyncGenerator<Uint8Array> {
  yield content.subarray(0, 1000);
  throw new Error('the disk is gone');
}

async function openUpload(options: TestRegistryOptions = {}): Promise<Session & { readonly to: Repository }> {
  const session = await openSession(options, { uploads });
  const to = session.client.repository({ registry: session.registry.host, repository: 'team/app' });
  return { ...session, to };
}

function chunks({ registry }: Session): readonly (string | undefined)[] {
  return registry.requests
    .filter(({ method }) => method === 'PATCH')
    .map(({ headers }) => headers['content-range']);
}

function isStored({ registry }: Session): boolean {
  const bytes = registry.content.blob('team/app', descriptor.digest);
  return bytes !== undefined && Buffer.compare(bytes, content) === 0 && registry.content.openUploads === 0;
}

describe('a large blob', () => {
  test.each([false, true])(
    'goes in chunks, each to the newest location (absolute: %s)',
    async (absoluteLocations) => {
      await using upload = await openUpload({ absoluteLocations });
      await upload.to.write(descriptor, pieces);
      expect(isStored(upload)).toBe(true);
      expect(chunks(upload)).toEqual(['0-199999', '200000-399999', '400000-499999']);
    },
  );

  test('goes in chunks that are as large as the registry wants them', async () => {
    await using upload = await openUpload({ minChunkBytes: 300_000 });
    await upload.to.write(descriptor, pieces);
    expect(isStored(upload)).toBe(true);
    expect(chunks(upload)).toEqual(['0-299999', '300000-499999']);
  });

  test('goes in one piece to a registry that takes no chunks, which is asked once', async () => {
    await using upload = await openUpload({ chunks: false });
    await upload.to.write(descriptor, pieces);
    expect(isStored(upload)).toBe(true);
    const other = upload.client.repository({ registry: upload.registry.host, repository: 'team/other' });
    await other.write(descriptor, pieces);
    expect(chunks(upload)).toHaveLength(1);
  });

  test('is gone on with from what the registry has', async () => {
    await using upload = await openUpload();
    upload.registry.fail({ ...patch }, { kind: 'break', afterBytes: 150_000 }, { times: 2 });
    await upload.to.write(descriptor, pieces);
    expect(isStored(upload)).toBe(true);
    expect(chunks(upload)).toEqual(['0-199999', '150000-349999', '300000-499999']);
  });

  test.each([
    ['a reset', { kind: 'reset' }],
    ['a server error', { kind: 'status', status: 500 }],
    ['an answer that is lost', { kind: 'lose' }],
    ['an upload that is gone', { kind: 'status', status: 404 }],
  ] as const)('gets through %s while it is completed', async (_title, fault) => {
    await using upload = await openUpload();
    upload.registry.fail(put, fault, { times: 1 });
    await upload.to.write(descriptor, pieces);
    expect(upload.registry.content.blob('team/app', descriptor.digest)).toHaveLength(content.length);
  });

  test('is given up after some tries that bring it no further, and taken back', async () => {
    await using upload = await openUpload();
    upload.registry.fail(patch, { kind: 'status', status: 503 });
    const error = await failureOf(upload.to.write(descriptor, pieces));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 503, host: upload.registry.host });
    expect(chunks(upload)).toHaveLength(3);
    expect(upload.registry.content.openUploads).toBe(0);
  });
});

describe('an upload', () => {
  test('is not begun for what is there', async () => {
    await using upload = await openUpload();
    await upload.to.write(descriptor, pieces);
    upload.registry.forget();
    await upload.to.write(descriptor, pieces);
    expect(upload.seen()).toEqual([`HEAD /v2/team/app/blobs/${descriptor.digest}`]);
  });

  test('looks no second time for what was not there', async () => {
    await using upload = await openUpload();
    expect(await upload.to.has(descriptor)).toBe(false);
    await upload.to.write(descriptor, pieces);
    expect(upload.seen().filter((line) => line.startsWith('HEAD'))).toHaveLength(1);
  });

  test('is taken back when it is cancelled', async () => {
    await using upload = await openUpload();
    const controller = new AbortController();
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield content.subarray(0, 1000);
      controller.abort(new Error('enough'));
      await delay(1_000_000, undefined, { signal: controller.signal });
    }
    const error = await failureOf(upload.to.write(descriptor, stuck, { signal: controller.signal }));
    expect(error.message).toBe('enough');
    expect(upload.registry.content.openUploads).toBe(0);
  });

  test('of a source that can be read only once is not tried again', async () => {
    await using upload = await openUpload();
    upload.registry.fail(patch, { kind: 'break', afterBytes: 10_000 }, { times: 1 });
    const source = pieces();
    const error = await failureOf(upload.to.write(descriptor, () => source));
    expect(error).toMatchObject({ code: 'TRUNCATED' });
    expect(error.message).toContain('can be read only once');
    expect(upload.registry.content.openUploads).toBe(0);
  });

  test('fails with its source, which is no fault of the registry', async () => {
    await using upload = await openUpload();
    expect((await failureOf(upload.to.write(descriptor, broken))).message).toBe('the disk is gone');
    expect(chunks(upload)).toHaveLength(1);
    expect(upload.registry.content.openUploads).toBe(0);
  });
});
