import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { openLayoutStore, pullArtifact, readArtifact, readModuleBytes } from '../../src/index.ts';
import { addArtifact, moduleOf } from '../fixtures/artifacts.ts';
import type { Operations } from '../fixtures/dying/die-at.ts';
import { mebibyte, partialsIn, putPartial } from '../fixtures/partials.ts';
import { seeded } from '../fixtures/seeded.ts';
import { openSession, type Session } from '../fixtures/session.ts';
import { findingsOf } from '../fixtures/store-content.ts';
import { digestOf } from '../registry/content-store.ts';

const seed = Number(process.env['WASMLET_TEST_SEED'] ?? Date.now() % 2 ** 31);
const points = 50;
/** Most of the time goes into starting programs; how long that takes depends on what else runs. */
const timeout = 120_000;
const atOnce = 4;

/** Runs a program of fixtures/dying; resolves with what it has printed, or with 'killed'. */
async function run(
  session: Session,
  program: string,
  operation: number,
  ...args: readonly string[]
): Promise<string> {
  const script = join(import.meta.dirname, `../fixtures/dying/${program}.ts`);
  const argv = ['--conditions=@wasmlet/source', script, String(operation), ...args];
  try {
    const env = { ...process.env, NODE_COMPILE_CACHE: join(session.directory, 'compiled') };
    return (await promisify(execFile)(process.execPath, argv, { env })).stdout;
  } catch (error) {
    if ((error as { signal?: string }).signal === 'SIGKILL') return 'killed';
    throw error;
  }
}

function operationsOf(told: string): Operations {
  return JSON.parse(told) as Operations;
}

/** What the next pull has to ask for: digests, each with what of it. */
function stillWanted(
  blobs: readonly Uint8Array[],
  whole: readonly string[],
  partials: ReadonlyMap<string, number>,
): readonly string[] {
  const requests = blobs.flatMap((bytes) => {
    const hex = digestOf(bytes).slice('sha256:'.length);
    const [, arrived = 0] = [...partials].find(([name]) => name.includes(hex)) ?? [];
    if (whole.includes(hex) || arrived === bytes.length) return [];
    return [`${hex} ${arrived === 0 ? 'whole' : `bytes=${arrived}-`}`];
  });
  return requests.toSorted();
}

/** Every fifth in the middle of content. The same operation twice is as good as another. */
function choose({ count, writes }: Operations): readonly number[] {
  const random = seeded(seed);
  const pick = (most: number): number => Math.floor(random() * most);
  return Array.from({ length: points }, (_, index) =>
    index % 5 === 0 ? (writes[pick(writes.length)] ?? 1) : 1 + pick(count),
  );
}

async function each<T>(list: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  const queue = list.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) await work(item, index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Nothing that grows with every end like this. */
async function expectTidy(directory: string, partials = 0): Promise<void> {
  expect((await partialsIn(directory)).size).toBe(partials);
  const lists = ['leases', 'removed'].map((name) => readdir(join(directory, name)).catch(() => []));
  expect((await Promise.all(lists)).flat()).toEqual([]);
  const known = ['blobs', 'incoming', 'index.json', 'leases', 'oci-layout', 'pins', 'removed'];
  // Locks are broken by whoever wants them next.
  const locks = ['collection.lock', 'index.json.lock'];
  const others = (await readdir(directory)).filter((name) => ![...known, ...locks].includes(name));
  expect(others).toEqual([]);
}

describe(`kill -9 at ${points} points (seed ${seed})`, () => {
  test(
    'of a pull: the store is clean, and the pull completes',
    async () => {
      await using session = await openSession();
      const { registry, client, directory } = session;
      const module = moduleOf(4_500_000);
      addArtifact(registry, module, { repository: 'dry' });
      const operations = operationsOf(
        await run(session, 'pull', 0, join(directory, 'dry'), session.reference('dry:v1')),
      );
      let killed = 0;
      let resumed = 0;

      await each(choose(operations), async (operation, index) => {
        const path = join(directory, String(index));
        const repository = `team/app${index}`;
        addArtifact(registry, module, { repository });
        const reference = session.reference(`${repository}:v1`);
        if ((await run(session, 'pull', operation, path, reference)) === 'killed') killed += 1;
        const store = await openLayoutStore(path);
        expect(await findingsOf(store)).toEqual([]);
        const partials = await partialsIn(path);
        expect(partials.size).toBeLessThanOrEqual(1);
        await expectTidy(path, partials.size);
        const whole = await readdir(join(path, 'blobs/sha256')).catch(() => []);
        const wanted = stillWanted([module, Buffer.from('{}')], whole, partials);

        const before = registry.requests.length;
        const pulled = await pullArtifact({ from: client, to: store, reference });

        expect(Buffer.compare(await readModuleBytes(store, pulled), module)).toBe(0);
        expect(await findingsOf(store)).toEqual([]);
        await expectTidy(path);
        const fetched = registry.requests
          .slice(before)
          .filter(({ method, path: asked }) => method === 'GET' && asked.includes(`/${repository}/blobs/`))
          .map(({ path: asked, headers: { range = 'whole' } }) => `${asked.split(':').at(-1)} ${range}`);
        expect(fetched.toSorted()).toEqual(wanted);
        resumed += partials.size;
      });

      expect(killed).toBeGreaterThan(points * 0.9);
      expect(resumed).toBeGreaterThan(0);
    },
    timeout,
  );

  test(
    'of a collection: what is needed is there, and the next one completes',
    async () => {
      await using session = await openSession();
      const { registry, client, store, directory } = session;
      const modules = Array.from({ length: 6 }, (_, index) => moduleOf(1_000 + index));
      for (const [index, module] of modules.entries()) {
        // Every second one loses its name to the next.
        addArtifact(registry, module, { tag: `v${index >> 1}` });
        await pullArtifact({
          from: client,
          to: store,
          reference: session.reference(`team/app:v${index >> 1}`),
        });
      }
      const kept = (await store.resolve({ registry: registry.host, repository: 'team/app', tag: 'v1' }))
        .digest;
      await store.pin(kept, { id: 'kept' });
      await putPartial(store.directory, digestOf(Buffer.from('absent')), Buffer.alloc(mebibyte));
      const copyTo = async (name: string): Promise<string> => {
        const path = join(directory, name);
        await cp(store.directory, path, { recursive: true, preserveTimestamps: true });
        return path;
      };
      const operations = operationsOf(await run(session, 'collect', 0, await copyTo('dry')));
      let killed = 0;

      await each(choose(operations), async (operation, index) => {
        const path = await copyTo(String(index));
        if ((await run(session, 'collect', operation, path)) === 'killed') killed += 1;
        const opened = await openLayoutStore(path);
        expect(await findingsOf(opened)).toEqual([]);
        await expectTidy(path, (await partialsIn(path)).size);
        await opened.collectGarbage({ minimumAgeMs: 0, dropNames: true });
        const artifact = await readArtifact(opened, kept);
        expect(Buffer.compare(await readModuleBytes(opened, artifact), modules[3] ?? Buffer.of())).toBe(0);
        expect(await readdir(join(path, 'blobs/sha256'))).toHaveLength(3);
        const listed = JSON.parse(await readFile(join(path, 'index.json'), 'utf8')) as {
          manifests: unknown[];
        };
        expect(listed.manifests).toHaveLength(1);
        expect(await findingsOf(opened)).toEqual([]);
        await expectTidy(path);
      });

      expect(killed).toBeGreaterThan(points * 0.9);
    },
    timeout,
  );
});

/** Pulls in another process, which tells how far it is. */
function startPull(session: Session, reference: string) {
  const script = join(import.meta.dirname, '../fixtures/dying/pull-telling.ts');
  const argv = ['--conditions=@wasmlet/source', script, session.store.directory, reference];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  const lines = createInterface(child.stdout);
  return {
    ended,
    hasArrived: (bytes: number) =>
      new Promise<void>((resolve, reject) => {
        lines.on('line', (line) => {
          if (Number(line) >= bytes) resolve();
        });
        lines.on('close', () => reject(new Error(`it has ended before it had ${bytes} bytes`)));
      }),
    async kill(): Promise<void> {
      child.kill('SIGKILL');
      expect(await ended).toEqual([null, 'SIGKILL']);
    },
  };
}

describe('two processes that pull the same blob at once', () => {
  const module = moduleOf(6 * mebibyte);
  const layer = new RegExp(`blobs/${digestOf(module)}`);
  const stallAfter = (session: Session, afterBytes: number): void =>
    session.registry.fail({ path: layer }, { kind: 'stall', afterBytes }, { times: 1 });
  const ranges = ({ registry }: Session) =>
    registry.requests
      .filter(({ method, path }) => method === 'GET' && layer.test(path))
      .map(({ headers }) => headers.range);

  test(
    'do not stand in each other’s way when one is killed',
    async () => {
      await using session = await openSession();
      addArtifact(session.registry, module);
      stallAfter(session, 3 * mebibyte);
      const one = startPull(session, session.reference());
      await one.hasArrived(3 * mebibyte);
      const two = startPull(session, session.reference());
      await two.hasArrived(1);
      await one.kill();
      expect(await two.ended).toEqual([0, null]);
      expect(ranges(session)).toEqual([undefined, undefined]);

      const store = await openLayoutStore(session.store.directory);
      expect(await findingsOf(store)).toEqual([]);
      await expectTidy(store.directory);
      const pulled = await session.pull();
      expect(pulled.transferred).toBe(false);
      expect(Buffer.compare(await readModuleBytes(store, pulled), module)).toBe(0);
    },
    timeout,
  );

  test(
    'leave what the next one goes on with, from where the further one was, when both are killed',
    async () => {
      await using session = await openSession();
      addArtifact(session.registry, module);
      stallAfter(session, 2 * mebibyte);
      const one = startPull(session, session.reference());
      await one.hasArrived(2 * mebibyte);
      stallAfter(session, 4 * mebibyte);
      const two = startPull(session, session.reference());
      await two.hasArrived(4 * mebibyte);
      await Promise.all([one.kill(), two.kill()]);

      const store = await openLayoutStore(session.store.directory);
      expect(await findingsOf(store)).toEqual([]);
      await expectTidy(store.directory, 1);
      const [arrived] = (await partialsIn(store.directory)).values();
      expect(arrived).toBeGreaterThanOrEqual(3 * mebibyte);
      const pulled = await session.pull();
      expect(ranges(session)).toEqual([undefined, undefined, `bytes=${arrived}-`]);
      expect(Buffer.compare(await readModuleBytes(store, pulled), module)).toBe(0);
      await expectTidy(store.directory);
    },
    timeout,
  );
});
