import { readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { incomingDirectory } from './blob-paths.ts';
import { sortPartials } from './partial-files.ts';
import { hasEnded } from './process-mark.ts';

/** What cannot be told to be of a process that has ended is taken for it when it has not moved for so long. */
const abandonedMs = 24 * 3_600_000;

/**
 * Files in a store that processes have left that ended in the middle of their work; but not what has arrived of a
 * blob and may be gone on with.
 */
export async function findLeftovers(root: string): Promise<readonly string[]> {
  const owned = [incomingDirectory(root), join(root, 'leases')];
  // What is replaced whole is written beside first.
  const replaced = [root, join(root, 'pins')];
  const candidates = [
    ...(await Promise.all(owned.map(pathsIn))).flat(),
    ...(await Promise.all(replaced.map(pathsIn))).flat().filter((path) => ownedTemporary.test(path)),
  ];
  const { kept, useless } = await sortPartials(root);
  const spared = new Set(kept.map(({ path }) => path));
  const left = new Set(useless.map(({ path }) => path));
  for (const path of candidates) if (!spared.has(path) && (await isAbandoned(path))) left.add(path);
  return [...left];
}

async function pathsIn(directory: string): Promise<readonly string[]> {
  return (await readdir(directory).catch(() => [])).map((name) => join(directory, name));
}

export async function sweepLeftovers(root: string): Promise<void> {
  for (const path of await findLeftovers(root)) await rm(path, { force: true });
}

/** Whether the process that made a file has ended, by the file's name, else by its age. */
export async function isAbandoned(path: string): Promise<boolean> {
  const ended = await hasEnded(basename(path));
  if (ended !== undefined) return ended;
  const stats = await stat(path).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs > abandonedMs;
}

/** Of no other program. */
const ownedTemporary = /\.[a-f0-9]{12}-\d+-\d+-[a-f0-9-]{36}\.tmp$/;
