import { lstat, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Descriptor } from '../content/descriptor.ts';
import { parseDigest } from '../content/digest.ts';
import { blobPath, digestOfName, incomingDirectory } from './blob-paths.ts';
import { hasEnded, ownedName } from './process-mark.ts';

/**
 * What has arrived of a blob, in `incoming/`. While a process writes it, the file's name says which one, so that no
 * two write the same file; whoever goes on with one that nobody writes any more makes it its own by renaming it.
 */
export interface PartialFile {
  readonly path: string;
  readonly digest: string;
  readonly sizeBytes: number;
  /** When it last grew, in milliseconds since 1970. */
  readonly grownMs: number;
}

/** What is smaller is fetched again as fast as it is found. Content is written in batches of about this size. */
const minPartialBytes = 1024 * 1024;
/** Whoever wants it has tried again by then. */
const maxPartialAgeMs = 24 * 3_600_000;

/** A file of this process, for a blob that is about to be written. */
export async function ownPartialPath(root: string, digest: string): Promise<string> {
  return `${unusedPath(root, digest)}.${await ownedName()}`;
}

/** Makes the longest that there is of a blob this process's own. Resolves with false when there is none. */
export async function adoptPartial(
  root: string,
  { digest, size }: Descriptor,
  path: string,
): Promise<boolean> {
  if (size < minPartialBytes) return false;
  for (const partial of longestFirst(await unusedPartials(root, digest))) {
    if (partial.sizeBytes < minPartialBytes || partial.sizeBytes > size) continue;
    try {
      await rename(partial.path, path);
      return true;
    } catch (error) {
      // Another process has been faster.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return false;
}

/** Leaves a file of this process, which is not written any more, to whoever wants that blob next. */
export async function releasePartial(root: string, digest: string, path: string): Promise<void> {
  const [mine, other] = await Promise.all([path, unusedPath(root, digest)].map(sizeOf));
  if (mine === undefined || mine < minPartialBytes || mine <= (other ?? 0)) await rm(path, { force: true });
  else await rename(path, unusedPath(root, digest));
}

export interface SortedPartials {
  /** The longest of each blob that is not here. */
  readonly kept: readonly PartialFile[];
  readonly useless: readonly PartialFile[];
}

/** Those that nobody writes. */
export async function sortPartials(root: string): Promise<SortedPartials> {
  const kept = new Map<string, PartialFile>();
  const useless: PartialFile[] = [];
  for (const partial of longestFirst(await unusedPartials(root))) {
    const { digest, sizeBytes, grownMs } = partial;
    const isUseless =
      kept.has(digest) ||
      sizeBytes < minPartialBytes ||
      Date.now() - grownMs > maxPartialAgeMs ||
      (await sizeOf(blobPath(root, digest))) !== undefined;
    if (isUseless) useless.push(partial);
    else kept.set(digest, partial);
  }
  return { kept: [...kept.values()], useless };
}

function longestFirst(partials: readonly PartialFile[]): readonly PartialFile[] {
  return partials.toSorted((a, b) => b.sizeBytes - a.sizeBytes);
}

async function unusedPartials(root: string, wanted?: string): Promise<readonly PartialFile[]> {
  const directory = incomingDirectory(root);
  const partials: PartialFile[] = [];
  for (const name of await readdir(directory).catch(() => [])) {
    const [, algorithm = '', hex = '', owner] = partialName.exec(name) ?? [];
    const digest = digestOfName(algorithm, hex);
    if (digest === undefined || (wanted !== undefined && digest !== wanted)) continue;
    // Of another machine's it cannot be told; those are never gone on with.
    if (owner !== undefined && (await hasEnded(owner)) !== true) continue;
    const path = join(directory, name);
    const stats = await lstat(path).catch(() => undefined);
    if (stats?.isFile() === true)
      partials.push({ path, digest, sizeBytes: stats.size, grownMs: stats.mtimeMs });
  }
  return partials;
}

const partialName = /^(sha256|sha512)-([a-f0-9]+)(?:\.(.+))?$/;

function unusedPath(root: string, digest: string): string {
  const { algorithm, hex } = parseDigest(digest);
  return join(incomingDirectory(root), `${algorithm}-${hex}`);
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}
