import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AbortOptions } from '../content/target.ts';
import { type ContentGraph, type KnownLinks, noReferrers, reach, readContentGraph } from './content-graph.ts';
import type { IndexEntry, IndexFile } from './index-file.ts';
import { readLeases } from './lease-files.ts';
import { sweepLeftovers } from './leftovers.ts';
import type { PinFiles } from './pin-files.ts';
import { sortPartials } from './partial-files.ts';
import { type CollectionLimits, type CollectionPlan, planCollection } from './plan-collection.ts';
import { hasRemoved, isUnused, moveAside, settleRemoved } from './removed-files.ts';
import { tryStoreLock, withStoreLock } from './store-lock.ts';

/** Options of {@link LayoutStore.collectGarbage}. */
export interface CollectOptions extends AbortOptions, Partial<CollectionLimits> {
  /**
   * Content that was written or used more recently stays. Other tools write layouts without leases; let it be longer
   * than they take. @default 3,600,000 (an hour)
   */
  readonly minimumAgeMs?: number;
  /** Nothing goes while the store's content, with what has arrived of blobs, has no more bytes than this. @default 0 */
  readonly highBytes?: number;
  /** Content goes, least recently used first, until the store has no more bytes than this. @default 0 */
  readonly lowBytes?: number;
  /** Or content goes until so many bytes have gone: for a limit of the disk rather than of the store. @default no limit */
  readonly freeBytes?: number;
  /**
   * Whether names are given up as well, once there is nothing left without one; what is pinned or leased keeps its
   * names. @default false
   */
  readonly dropNames?: boolean;
  /**
   * Whether signatures and the like stay as long as what they are about. @default true
   */
  readonly keepReferrers?: boolean;
  /** Only tells what would go. @default false */
  readonly dryRun?: boolean;
}

/** What a collection has removed, or would have. */
export interface CollectedGarbage {
  readonly removed: readonly RemovedContent[];
  /** Names given up; '' for entries without one. */
  readonly names: readonly string[];
  /** What had arrived of blobs whose transfers have ended early; the next ones begin anew. */
  readonly partials: readonly RemovedContent[];
  /** Of all content and what had arrived of it, before. */
  readonly bytesBefore: number;
  readonly bytesRemoved: number;
}

/** A blob or manifest that has gone. */
export interface RemovedContent {
  readonly digest: string;
  readonly sizeBytes: number;
}

export interface CollectedStore {
  readonly root: string;
  readonly index: IndexFile;
  readonly pins: PinFiles;
}

/** A collection has its lock for as long as its process runs; on another machine, for so long. */
const staleMs = 24 * 3_600_000;

/**
 * Mark and sweep: removes what no name, pin or lease leads to.
 *
 * An abort ends it at the next blob; what has been begun is brought to its end first.
 */
export async function collectGarbage(
  store: CollectedStore,
  { signal, dryRun = false, ...given }: CollectOptions,
): Promise<CollectedGarbage> {
  const limits = { ...defaultLimits, ...given };
  return inCollectionTurn(
    store,
    async () => {
      signal?.throwIfAborted();
      const known: KnownLinks = new Map();
      const held = await heldBy(store);
      const entries = await store.index.list(signal);
      const named = digestsOf(entries);
      const graph = await readContentGraph(store.root, known, signal);
      const { kept: partials } = await sortPartials(store.root);
      const plan = planCollection({ ...limits, graph, held, named, partials, nowMs: Date.now() });
      if (dryRun) {
        const names = entries.filter(({ descriptor }) => descriptor && plan.names.has(descriptor.digest));
        return result(plan, sizesOf(graph, plan.content), names);
      }
      await sweepLeftovers(store.root);
      for (const { path } of plan.partials) await rm(path, { force: true });
      const names = plan.names.size === 0 ? [] : await dropNames(store, graph, plan.names, signal);
      if (plan.content.size > 0) await moveAside(store.root, graph, plan.content, signal);
      const { keepReferrers } = limits;
      const gone = await settleRemoved(store.root, { roots: () => rootsOf(store), keepReferrers, known });
      signal?.throwIfAborted();
      return result(plan, gone, names);
    },
    signal,
  );
}

/** Runs work while no collection does. */
export function inCollectionTurn<T>(
  store: CollectedStore,
  work: () => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  return withStoreLock(lockOf(store), work, { staleMs, signal });
}

/** Ends what a collection has begun whose process ended, unless another one is at it. */
export async function resumeCollection(store: CollectedStore): Promise<void> {
  if (!(await hasRemoved(store.root))) return;
  const settle = (): Promise<unknown> =>
    settleRemoved(store.root, { roots: () => rootsOf(store), keepReferrers: true, known: new Map() });
  await tryStoreLock(lockOf(store), settle, { staleMs });
}

const defaultLimits: CollectionLimits = {
  minimumAgeMs: 3_600_000,
  highBytes: 0,
  lowBytes: 0,
  freeBytes: Number.POSITIVE_INFINITY,
  dropNames: false,
  keepReferrers: true,
};

function lockOf({ root }: CollectedStore): string {
  return join(root, 'collection.lock');
}

/** What leases and pins hold. */
async function heldBy({ root, pins }: CollectedStore): Promise<readonly string[]> {
  // In this order: what work pins or names, it does before it gives up its lease.
  const leased = await readLeases(root);
  const pinned = await pins.list();
  return [...leased, ...pinned.map(({ digest }) => digest)];
}

/** What leases, pins and names hold now. */
export async function rootsOf(store: CollectedStore): Promise<readonly string[]> {
  const held = await heldBy(store);
  return [...held, ...digestsOf(await store.index.list(undefined))];
}

function digestsOf(entries: readonly IndexEntry[]): readonly string[] {
  return entries.flatMap(({ descriptor }) => descriptor?.digest ?? []);
}

/** But those of what is held by now, or has been used since it was chosen. */
async function dropNames(
  { root, index, pins }: CollectedStore,
  graph: ContentGraph,
  digests: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<readonly IndexEntry[]> {
  let dropped: readonly IndexEntry[] = [];
  await index.remove(async (list) => {
    const held = reach(graph, await heldBy({ root, index, pins }), noReferrers);
    const unused = new Set<string>();
    for (const digest of digests) {
      if (!held.has(digest) && (await isUnused(root, graph, digest))) unused.add(digest);
    }
    dropped = list.filter(({ descriptor }) => descriptor !== undefined && unused.has(descriptor.digest));
    return dropped;
  }, signal);
  return dropped;
}

function sizesOf(graph: ContentGraph, digests: Iterable<string>): ReadonlyMap<string, number> {
  return new Map([...digests].map((digest) => [digest, graph.get(digest)?.sizeBytes ?? 0]));
}

function result(
  { totalBytes, partials: chosen }: CollectionPlan,
  gone: ReadonlyMap<string, number>,
  names: readonly IndexEntry[],
): CollectedGarbage {
  const removed = [...gone].map(([digest, sizeBytes]) => ({ digest, sizeBytes }));
  const partials = chosen.map(({ digest, sizeBytes }) => ({ digest, sizeBytes }));
  const bytesRemoved = [...removed, ...partials].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return {
    removed,
    names: names.map(({ name = '' }) => name),
    partials,
    bytesBefore: totalBytes,
    bytesRemoved,
  };
}
