import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { OciError } from '../errors.ts';

/** Held for the time of one small file's writing. */
const staleMs = 10_000;
const giveUpMs = 30_000;
/** Node has no file locks to wait for, so a held one is looked at again after about so long. */
const lookAgainMs = 10;

/**
 * Runs `work` while no other process holds the lock file. One that was left by a process that is gone, or that is
 * older than any work takes, is broken. Rejects with {@link OciError} `STORE_FAILED` when it stays held.
 */
export async function withStoreLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const mark = `${hostname()} ${process.pid} ${randomUUID()}\n`;
  const deadline = performance.now() + giveUpMs;
  while (!(await take(path, mark))) {
    if (performance.now() > deadline) {
      throw new OciError(
        'STORE_FAILED',
        `${path} has been held for ${giveUpMs / 1000} s; remove it if nothing uses the store`,
      );
    }
    if (await isStale(path)) await breakLock(path);
    else await delay(lookAgainMs * (0.5 + Math.random()));
  }
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

async function isStale(path: string): Promise<boolean> {
  const [mark, stats] = await Promise.all([readMark(path), stat(path).catch(() => undefined)]);
  if (stats === undefined) return false;
  if (Date.now() - stats.mtimeMs > staleMs) return true;
  const [host, pid] = (mark ?? '').split(' ');
  return host === hostname() && Number(pid) > 0 && !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Of several that find a lock stale, one gets it away; what it got is looked at again before it is dropped. */
async function breakLock(path: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if (await isStale(aside)) await rm(aside, { force: true });
  // It was a fresh one after all: its owner's work goes on, and the name is free a little early.
  else await rename(aside, path).catch(() => rm(aside, { force: true }));
}

async function readMark(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
