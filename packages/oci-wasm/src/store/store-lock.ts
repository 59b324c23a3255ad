import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { OciError } from '../errors.ts';
import { hasEnded, ownedName } from './process-mark.ts';

export interface StoreLockOptions {
  /** A lock this old is broken though its holder may be there. @default 10,000 */
  readonly staleMs?: number;
  /** How long to wait for it. @default 30,000 */
  readonly giveUpMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Node has no file locks to wait for, so a held one is looked at again after about so long. */
const lookAgainMs = 10;
/** The mark is written right after the file is made: one without was left by a process that ended between. */
const unmarkedMs = 1_000;

/**
 * Runs `work` while no other process holds the lock file. One that was left by a process that is gone, or that is
 * older than any work takes, is broken. Rejects with {@link OciError} `STORE_FAILED` when it stays held.
 */
export async function withStoreLock<T>(
  path: string,
  work: () => Promise<T>,
  { staleMs = 10_000, giveUpMs = 30_000, signal }: StoreLockOptions = {},
): Promise<T> {
  const mark = await ownedName();
  const deadline = performance.now() + giveUpMs;
  while (!(await acquire(path, mark, staleMs))) {
    signal?.throwIfAborted();
    if (performance.now() > deadline) {
      throw new OciError(
        'STORE_FAILED',
        `${path} has been held for ${giveUpMs / 1000} s; remove it if nothing uses the store`,
      );
    }
    await delay(lookAgainMs * (0.5 + Math.random()));
  }
  return holding(path, mark, work);
}

/** The same without waiting: resolves with false when another process holds the lock. */
export async function tryStoreLock(
  path: string,
  work: () => Promise<unknown>,
  { staleMs = 10_000 }: Pick<StoreLockOptions, 'staleMs'> = {},
): Promise<boolean> {
  const mark = await ownedName();
  if (!(await acquire(path, mark, staleMs))) return false;
  await holding(path, mark, work);
  return true;
}

async function acquire(path: string, mark: string, staleMs: number): Promise<boolean> {
  if (await take(path, mark)) return true;
  if (!(await isStale(path, staleMs))) return false;
  await breakLock(path, staleMs);
  return take(path, mark);
}

async function holding<T>(path: string, mark: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    // Only if it is still this one: after a pause of the whole machine it may be another's.
    if ((await readMark(path)) === mark) await rm(path, { force: true });
  }
}

async function take(path: string, mark: string): Promise<boolean> {
  try {
    await writeFile(path, mark, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isStale(path: string, staleMs: number): Promise<boolean> {
  const [mark, stats] = await Promise.all([readMark(path), stat(path).catch(() => undefined)]);
  if (mark === undefined || stats === undefined) return false;
  const ageMs = Date.now() - stats.mtimeMs;
  return ageMs > staleMs || (mark === '' ? ageMs > unmarkedMs : (await hasEnded(mark)) === true);
}

/** Of several that find a lock stale, one gets it away; what it got is looked at again before it is dropped. */
async function breakLock(path: string, staleMs: number): Promise<void> {
  const aside = `${path}.${await ownedName()}.tmp`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if (await isStale(aside, staleMs)) await rm(aside, { force: true });
  // It was a fresh one after all: its owner's work goes on, and the name is free a little early.
  else await rename(aside, path).catch(() => rm(aside, { force: true }));
}

async function readMark(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
