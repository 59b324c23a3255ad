import { execFile } from 'node:child_process';
import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { openLayoutStore, pullArtifact, readArtifact, readModuleBytes } from '../../src/index.ts';
import { addArtifact, moduleOf } from '../fixtures/artifacts.ts';
import { seeded } from '../fixtures/seeded.ts';
import { openSession, type Session } from '../fixtures/session.ts';
import { findingsOf } from '../fixtures/store-content.ts';

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

/** The same operation twice is as good as another. */
function choose(operations: number): readonly number[] {
  const random = seeded(seed);
  return Array.from({ length: points }, () => 1 + Math.floor(random() * operations));
}

async function each<T>(list: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  const queue = list.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) await work(item, index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Nothing that grows with every end like this. */
async function expectTidy(directory: string): Promise<void> {
  const lists = ['incoming', 'leases', 'removed'].map((name) =>
    readdir(join(directory, name)).catch(() => []),
  );
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
      const module = moduleOf(2_500_000);
      addArtifact(registry, module);
      const reference = session.reference();
      const operations = Number(await run(session, 'pull', 0, join(directory, 'dry'), reference));
      let killed = 0;

      await each(choose(operations), async (operation, index) => {
        const path = join(directory, String(index));
        if ((await run(session, 'pull', operation, path, reference)) === 'killed') killed += 1;
        const store = await openLayoutStore(path);
        expect(await findingsOf(store)).toEqual([]);
        await expectTidy(path);
        const pulled = await pullArtifact({ from: client, to: store, reference });
        expect(Buffer.compare(await readModuleBytes(store, pulled), module)).toBe(0);
        expect(await findingsOf(store)).toEqual([]);
        await expectTidy(path);
      });

      expect(killed).toBeGreaterThan(points * 0.9);
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
      const copyTo = async (name: string): Promise<string> => {
        const path = join(directory, name);
        await cp(store.directory, path, { recursive: true, preserveTimestamps: true });
        return path;
      };
      const operations = Number(await run(session, 'collect', 0, await copyTo('dry')));
      let killed = 0;

      await each(choose(operations), async (operation, index) => {
        const path = await copyTo(String(index));
        if ((await run(session, 'collect', operation, path)) === 'killed') killed += 1;
        const opened = await openLayoutStore(path);
        expect(await findingsOf(opened)).toEqual([]);
        await expectTidy(path);
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
