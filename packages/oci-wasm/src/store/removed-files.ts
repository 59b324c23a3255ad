import { readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { lastUseOf } from './blob-files.ts';
import { blobPath, digestOfName, removedDirectory, removedPath } from './blob-paths.ts';
import {
  type ContentGraph,
  type KnownLinks,
  noReferrers,
  parentsFirst,
  reach,
  readContentGraph,
  referrersIn,
} from './content-graph.ts';
import { makeDirectory } from './make-directory.ts';
import { syncDirectory } from './replace-file.ts';

/**
 * Content goes in two steps. It is moved aside, what needs it looked at once more, and then deleted or put back: so
 * a pull that finds content needs no lock, and a stop at any point leaves nothing that cannot be settled later. A
 * manifest goes before what it leads to and comes back after it.
 */
export async function moveAside(
  root: string,
  graph: ContentGraph,
  digests: Iterable<string>,
  signal: AbortSignal | undefined,
): Promise<void> {
  await makeDirectory(removedDirectory(root));
  for (const digest of parentsFirst(graph, digests)) {
    if (signal?.aborted === true) break;
    if (!(await isUnused(root, graph, digest))) continue;
    await rename(blobPath(root, digest), removedPath(root, digest)).catch(unlessGone);
  }
  await syncBlobs(root);
}

/** Whether a blob is as it was, or away, and has not been used since the graph was read. */
export async function isUnused(root: string, graph: ContentGraph, digest: string): Promise<boolean> {
  const stats = await stat(blobPath(root, digest)).catch(() => undefined);
  return (stats && lastUseOf(stats)) === graph.get(digest)?.usedMs;
}

export interface SettleOptions {
  /** Of leases, pins and names, as they are now. */
  readonly roots: () => Promise<Iterable<string>>;
  readonly keepReferrers: boolean;
  readonly known: KnownLinks;
}

/** Deletes what has been moved aside and puts back what is needed after all. Resolves with what is gone, in bytes. */
export async function settleRemoved(
  root: string,
  { roots, keepReferrers, known }: SettleOptions,
): Promise<ReadonlyMap<string, number>> {
  const gone = new Map<string, number>();
  // Again whenever something was put back by its use meanwhile; every round leaves less.
  for (let aside = await digestsAside(root); aside.length > 0; aside = await digestsAside(root)) {
    // Names and leases first: what is named later was under a lease before.
    const needed = [...(await roots())];
    const graph = await readContentGraph(root, known, undefined);
    const present = [...graph.values()].filter(({ removed }) => !removed).map(({ digest }) => digest);
    const kept = reach(graph, needed, keepReferrers ? referrersIn(graph) : noReferrers);
    // Whatever is there has all that it leads to.
    for (const digest of reach(graph, present, noReferrers)) kept.add(digest);
    const ordered = parentsFirst(graph, aside);
    for (const digest of ordered.toReversed()) {
      if (!kept.has(digest)) continue;
      await makeDirectory(dirname(blobPath(root, digest)));
      await rename(removedPath(root, digest), blobPath(root, digest)).catch(unlessGone);
    }
    await syncBlobs(root);
    for (const digest of ordered.filter((candidate) => !kept.has(candidate))) {
      // One that was put back by its use needs what it leads to: look again.
      if (!(await removeFile(removedPath(root, digest)))) break;
      gone.set(digest, graph.get(digest)?.sizeBytes ?? 0);
    }
  }
  return gone;
}

export async function hasRemoved(root: string): Promise<boolean> {
  return (await digestsAside(root)).length > 0;
}

async function digestsAside(root: string): Promise<readonly string[]> {
  const names = await readdir(removedDirectory(root)).catch(() => []);
  return names.flatMap((name) => digestOfName(...split(name)) ?? []);
}

function split(name: string): readonly [string, string] {
  const [algorithm = '', hex = ''] = name.split('-');
  return [algorithm, hex];
}

async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    unlessGone(error);
    return false;
  }
}

function unlessGone(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

/** Renames are to last before anything is deleted. */
async function syncBlobs(root: string): Promise<void> {
  for (const algorithm of ['sha256', 'sha512']) {
    await syncDirectory(join(root, 'blobs', algorithm)).catch(unlessGone);
  }
  await syncDirectory(removedDirectory(root));
}
