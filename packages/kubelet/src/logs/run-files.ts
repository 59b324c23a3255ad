import type { FileHandle } from 'node:fs/promises';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** One file of a run's log, open for reading. */
export interface RunFile {
  readonly handle: FileHandle;
  /** Tells files apart when they are renamed. */
  readonly inode: bigint;
}

/**
 * Opens the files of one run, oldest first: rotated ones, then the current one, whichever exist. What
 * rotation does meanwhile is noticed; the answer holds each file once and in order.
 */
export async function openRunFiles(path: string): Promise<readonly RunFile[]> {
  const known: NamedFile[] = [];
  try {
    for (let round = 0; round < maxRounds; round++) {
      if (!(await openUnknown(path, known))) break;
    }
  } catch (error) {
    await closeAll(known);
    throw error;
  }
  const current = basename(path);
  return known.toSorted((a, b) => compareNames(a.name, b.name, current));
}

/** Opens the files that are newer than `last`, oldest first. */
export async function openNewerFiles(path: string, last: RunFile | undefined): Promise<readonly RunFile[]> {
  if (last !== undefined && (await inodeOf(path)) === last.inode) return [];
  const files = await openRunFiles(path);
  const known = files.findIndex((file) => file.inode === last?.inode);
  await closeAll(files.slice(0, known + 1));
  return files.slice(known + 1);
}

export async function closeAll(files: readonly RunFile[]): Promise<void> {
  await Promise.all(files.map((file) => file.handle.close()));
}

interface NamedFile extends RunFile {
  name: string;
}

/** More than any writer keeps; older ones are left out. */
const maxFiles = 64;
/** Rotation that is faster than this many listings in a row may hide files from a reader. */
const maxRounds = 100;
/** `.<YYYYMMDD-hhmmss>`, and what a writer adds when it rotates twice within a second. */
const rotatedSuffix = /^\.\d{8}-\d{6}([.-]\d+)?$/;

/** Opens what is there and not known yet; tells whether anything was new. */
async function openUnknown(path: string, known: NamedFile[]): Promise<boolean> {
  const current = basename(path);
  let news = false;
  for (const name of await listRunFiles(path)) {
    // A rotated file keeps its name; the current one may be another by now.
    if (name !== current && known.some((file) => file.name === name)) continue;
    const handle = await open(join(dirname(path), name), 'r').catch(ifMissing(undefined));
    if (handle === undefined) continue;
    const { ino: inode } = await handle.stat({ bigint: true });
    const same = known.find((file) => file.inode === inode);
    if (same === undefined) known.push({ handle, inode, name });
    else await handle.close();
    news ||= same?.name !== name;
    if (same !== undefined) same.name = name;
  }
  return news;
}

async function listRunFiles(path: string): Promise<readonly string[]> {
  const current = basename(path);
  const names = await readdir(dirname(path)).catch(ifMissing([]));
  return names
    .filter(
      (name) =>
        name === current || (name.startsWith(current) && rotatedSuffix.test(name.slice(current.length))),
    )
    .toSorted((a, b) => compareNames(a, b, current))
    .slice(-maxFiles);
}

/** Rotated files by their time, the current one last. */
function compareNames(a: string, b: string, current: string): number {
  if (a === current || b === current) return Number(a === current) - Number(b === current);
  return a.localeCompare(b, 'en', { numeric: true });
}

async function inodeOf(path: string): Promise<bigint | undefined> {
  return stat(path, { bigint: true }).then(({ ino }) => ino, ifMissing(undefined));
}

function ifMissing<T>(value: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return value;
    throw error;
  };
}
