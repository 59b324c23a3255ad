import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  createMemoryStore,
  copy,
  openLayoutStore,
  type Progress,
  pullArtifact,
  readModuleBytes,
} from '../../src/index.ts';
import { ownedName } from '../../src/store/process-mark.ts';
import { addArtifact, moduleOf } from '../fixtures/artifacts.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { mebibyte, partialPath, partialsIn, putPartial } from '../fixtures/partials.ts';
import { openSession, type Session } from '../fixtures/session.ts';
import { findingsOf, pathOf } from '../fixtures/store-content.ts';
import { digestOf } from '../registry/content-store.ts';
import type { TestRegistryOptions } from '../registry/start-test-registry.ts';

const module = moduleOf(5 * mebibyte);
const digest = digestOf(module);
const layer = new RegExp(`blobs/${digest}`);
const arrived = module.subarray(0, 3 * mebibyte);
const wrong = Buffer.alloc(3 * mebibyte, 'x');
const dayMs = 24 * 3_600_000;

async function openWithModule(registry: TestRegistryOptions = {}) {
  const session = await openSession(registry);
  addArtifact(session.registry, module);
  return session;
}

/** What the requests for the layer have asked for. */
function ranges({ registry }: Session): readonly (string | undefined)[] {
  return registry.requests
    .filter(({ method, path }) => method === 'GET' && layer.test(path))
    .map(({ headers }) => headers.range);
}

/** Brings so many bytes, and then nothing more that helps. */
async function breakOff(session: Session, afterBytes: number): Promise<void> {
  session.registry.fail({ path: layer }, { kind: 'truncate', afterBytes }, { times: 1 });
  session.registry.fail({ path: layer }, { kind: 'status', status: 404 }, { times: 1 });
  expect(await failureOf(session.pull())).toMatchObject({ code: 'BLOB_UNKNOWN' });
  session.registry.forget();
}

/** As the next process does: a store that is opened anew. */
async function pullAgain(session: Session, onProgress?: (progress: Progress) => void) {
  const { client, store } = session;
  const opened = await openLayoutStore(store.directory);
  const pulled = await pullArtifact({
    from: client,
    to: opened,
    reference: session.reference(),
    ...(onProgress && { onProgress }),
  });
  expect(Buffer.compare(await readModuleBytes(opened, pulled), module)).toBe(0);
  expect(await findingsOf(opened)).toEqual([]);
  expect(await partialsIn(store.directory)).toEqual(new Map());
  return pulled;
}

/** The mark of a process that has ended. */
async function endedOwner(): Promise<string> {
  const script = join(import.meta.dirname, '../fixtures/dying/print-name.ts');
  return (await promisify(execFile)(process.execPath, [script])).stdout;
}

describe('a pull that has ended early', () => {
  test('because its connection did, is gone on with where it ended', async () => {
    await using session = await openWithModule();
    await breakOff(session, arrived.length);
    expect(await partialsIn(session.store.directory)).toEqual(
      new Map([[digest.replace(':', '-'), arrived.length]]),
    );
    expect(await findingsOf(session.store)).toEqual([]);
    const told: Progress[] = [];
    await pullAgain(session, (progress) => told.push(progress));
    expect(ranges(session)).toEqual([`bytes=${arrived.length}-`]);
    const own = told.filter(({ descriptor }) => descriptor.digest === digest);
    expect(own[0]).toMatchObject({ transferredBytes: arrived.length, resumedBytes: arrived.length });
    expect(own.at(-1)).toMatchObject({ transferredBytes: module.length, resumedBytes: arrived.length });
  });

  test('because it was aborted, is gone on with, by the same store as well', async () => {
    await using session = await openWithModule();
    const controller = new AbortController();
    session.registry.fail({ path: layer }, { kind: 'stall', afterBytes: arrived.length }, { times: 1 });
    const pulling = session.pull({
      signal: controller.signal,
      onProgress({ transferredBytes }) {
        if (transferredBytes === arrived.length) controller.abort();
      },
    });
    await expect(pulling).rejects.toThrow(controller.signal.reason as Error);
    session.registry.forget();
    const { layer: pulled } = await session.pull();
    expect(ranges(session)).toEqual([`bytes=${arrived.length}-`]);
    expect(Buffer.compare(await readModuleBytes(session.store, { layer: pulled }), module)).toBe(0);
  });

  test('begins anew when it had brought less than 1 MiB', async () => {
    await using session = await openWithModule();
    await breakOff(session, mebibyte - 1);
    expect(await partialsIn(session.store.directory)).toEqual(new Map());
  });

  test('needs nothing more when all of it had arrived', async () => {
    await using session = await openWithModule();
    await putPartial(session.store.directory, digest, module);
    await pullAgain(session);
    expect(ranges(session)).toEqual([]);
  });

  test.each([
    ['has no ranges', { ranges: false }, undefined, [`bytes=${arrived.length}-`]],
    ['sends another part', {}, { kind: 'misplace' }, [`bytes=${arrived.length}-`, undefined]],
    ['refuses parts', {}, { kind: 'status', status: 400 }, [`bytes=${arrived.length}-`, undefined]],
  ] as const)('completes at a registry that %s', async (_title, options, fault, expected) => {
    await using session = await openWithModule(options);
    await putPartial(session.store.directory, digest, arrived);
    if (fault !== undefined) session.registry.fail({ path: layer }, fault, { times: 1 });
    await pullAgain(session);
    expect(ranges(session)).toEqual(expected);
  });

  test('goes on when it is cut a second time', async () => {
    await using session = await openWithModule();
    await putPartial(session.store.directory, digest, arrived);
    await breakOff(session, mebibyte);
    await pullAgain(session);
    expect(ranges(session)).toEqual([`bytes=${arrived.length + mebibyte}-`]);
  });
});

describe('what has arrived of a blob', () => {
  test.each([
    ['is of something else', wrong],
    ['has lost its end in a power cut', Buffer.concat([arrived, Buffer.alloc(mebibyte)])],
    ['is of something else as long as the blob', Buffer.alloc(module.length)],
  ])('and %s: the blob is read once from its beginning', async (_title, bytes) => {
    await using session = await openWithModule();
    await putPartial(session.store.directory, digest, bytes);
    await pullAgain(session);
    expect(ranges(session).filter((range) => range === undefined)).toHaveLength(1);
  });

  test('and is wrong, at a registry whose content is wrong too: that is told, and nothing is left', async () => {
    await using session = await openWithModule();
    await putPartial(session.store.directory, digest, wrong);
    session.registry.fail({ path: layer }, { kind: 'corrupt' });
    const error = await failureOf(session.pull());
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH', host: session.registry.host });
    expect(ranges(session)).toEqual([`bytes=${wrong.length}-`, undefined]);
    expect(await partialsIn(session.store.directory)).toEqual(new Map());
  });

  test.each([
    ['is longer than the blob', Buffer.concat([module, arrived])],
    ['is too little', module.subarray(0, 1000)],
  ])('and %s is not gone on with', async (_title, bytes) => {
    await using session = await openWithModule();
    await putPartial(session.store.directory, digest, bytes);
    await session.pull();
    expect(ranges(session)).toEqual([undefined]);
    await pullAgain(session);
  });

  test('is that of the process that writes it, until that has ended', async () => {
    await using session = await openWithModule();
    const { directory } = session.store;
    const owner = await ownedName();
    await putPartial(directory, digest, arrived, { owner });
    await session.pull();
    expect(ranges(session)).toEqual([undefined]);
    expect([...(await partialsIn(directory)).values()]).toEqual([arrived.length]);
  });

  test('goes on from the longest of several, and the others go', async () => {
    await using session = await openWithModule();
    const { directory } = session.store;
    await putPartial(directory, digest, module.subarray(0, mebibyte));
    await putPartial(directory, digest, arrived, { owner: await endedOwner() });
    await putPartial(directory, digest, module.subarray(0, 2 * mebibyte), { owner: await endedOwner() });
    await pullAgain(session);
    expect(ranges(session)).toEqual([`bytes=${arrived.length}-`]);
  });

  test.each([
    ['a day', arrived, dayMs + 60_000],
    ['any time when it is little', module.subarray(0, 1000), 0],
  ])('is removed after %s', async (_title, bytes, agoMs) => {
    await using session = await openWithModule();
    await putPartial(session.store.directory, digest, bytes, { agoMs, owner: await endedOwner() });
    expect(await findingsOf(session.store)).toMatchObject([{ kind: 'leftover' }]);
    await openLayoutStore(session.store.directory);
    expect(await partialsIn(session.store.directory)).toEqual(new Map());
  });

  test('is removed when the blob is there', async () => {
    await using session = await openWithModule();
    await session.pull();
    await putPartial(session.store.directory, digest, arrived);
    await openLayoutStore(session.store.directory);
    expect(await partialsIn(session.store.directory)).toEqual(new Map());
  });

  test('is the first that a collection takes, not before it is old enough', async () => {
    await using session = await openWithModule();
    const { store } = session;
    const { layer: other } = await session.pull();
    await store.untag({ registry: session.registry.host, repository: 'team/app', tag: 'v1' });
    const absent = digestOf(Buffer.from('absent'));
    await putPartial(store.directory, absent, arrived, { agoMs: 60_000 });
    expect((await store.collectGarbage()).partials).toEqual([]);
    const limits = { minimumAgeMs: 30_000, freeBytes: mebibyte };
    const expected = [{ digest: absent, sizeBytes: arrived.length }];
    expect(await store.collectGarbage({ ...limits, dryRun: true })).toMatchObject({ partials: expected });
    expect((await partialsIn(store.directory)).size).toBe(1);
    const collected = await store.collectGarbage(limits);
    expect(collected).toMatchObject({ partials: expected, removed: [], bytesRemoved: arrived.length });
    expect(await partialsIn(store.directory)).toEqual(new Map());
    expect(await store.has(other)).toBe(true);
  });

  test('is no way to another file', async () => {
    await using session = await openWithModule();
    const { directory } = session.store;
    const victim = join(session.directory, 'victim');
    await writeFile(victim, arrived);
    await mkdir(join(directory, 'incoming'), { recursive: true });
    await symlink(victim, partialPath(directory, digest));
    await session.pull();
    expect(ranges(session)).toEqual([undefined]);
    expect(await readFile(victim)).toHaveLength(arrived.length);
  });
});

describe('other sources', () => {
  test('go on as well: a layout and memory', async () => {
    await using session = await openWithModule();
    await session.pull();
    const memory = createMemoryStore();
    const source = session.reference();
    await copy({ from: session.store, to: memory, source });
    for (const [name, from] of [
      ['one', session.store],
      ['two', memory],
    ] as const) {
      const to = await openLayoutStore(join(session.directory, name));
      await putPartial(to.directory, digest, arrived);
      let first: number | undefined;
      await copy({
        from,
        to,
        source,
        onProgress({ descriptor, resumedBytes = 0 }) {
          if (descriptor.digest === digest) first ??= resumedBytes;
        },
      });
      expect(first).toBe(arrived.length);
      expect(await findingsOf(to)).toEqual([]);
    }
  });

  test('whose content is not what they have verified are found out by the store', async () => {
    await using session = await openWithModule();
    await session.pull();
    const { store } = session;
    const from = {
      resolve: store.resolve.bind(store),
      async *read(...[descriptor, options]: Parameters<typeof store.read>) {
        const content = store.read(descriptor, options);
        for await (const chunk of content)
          yield descriptor.digest === digest ? chunk.map((byte) => ~byte) : chunk;
      },
    };
    const to = await openLayoutStore(join(session.directory, 'other'));
    const copying = copy({ from, to, source: session.reference() });
    expect(await failureOf(copying)).toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  test('a damaged layout is told as such, and leaves nothing', async () => {
    await using session = await openWithModule();
    await session.pull();
    await truncate(pathOf(session.store, digest), arrived.length);
    const to = await openLayoutStore(join(session.directory, 'other'));
    const copying = copy({ from: session.store, to, source: session.reference() });
    expect((await failureOf(copying)).message).toContain(`store ${session.store.directory}:`);
  });
});
