import { chown, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface RotationOptions {
  /** The current log, `<n>.log`. */
  readonly path: string;
  /** A log below this size is left as it is. @default 10 MiB */
  readonly maxBytes?: number;
  /** @default 5 */
  readonly maxFiles?: number;
}

/**
 * Renames a run's log `<n>.log` to `<n>.log.<YYYYMMDD-hhmmss>` (`-<k>` added when that exists), makes an
 * empty one of the same owner and mode in its place, and removes the oldest beyond `maxFiles`, the current
 * one included. Done by the daemon: a guest host may write its log but not change the directory. Nothing is compressed.
 */
export async function rotateLog(
  { path, maxBytes = 10 * 1024 * 1024, maxFiles = 5 }: RotationOptions,
  now: Date,
): Promise<void> {
  const { uid, gid, mode, size } = await stat(path);
  if (size < maxBytes) return;
  const rotated = await rotatedFiles(path);
  const name = `${basename(path)}.${nextSuffix(rotated, now)}`;
  // The new file is complete before it gets the name, so that a writer never finds it half made.
  const fresh = `${path}.new`;
  await rm(fresh, { force: true });
  await (await open(fresh, 'wx', mode & 0o777)).close();
  await chown(fresh, uid, gid);
  await rename(path, join(dirname(path), name));
  await rename(fresh, path);
  const excess = [...rotated, name].toSorted(byAge).slice(0, -Math.max(maxFiles - 1, 1));
  await Promise.all(excess.map((old) => rm(join(dirname(path), old), { force: true })));
}

/** Sorts behind all that are there, also within a second and when the clock has been set back. */
function nextSuffix(rotated: readonly string[], now: Date): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const newest = rotated.toSorted(byAge).at(-1);
  if (newest === undefined) return stamp;
  const [time, copy] = ageOf(newest);
  return stamp > time ? stamp : `${time}-${copy + 1}`;
}

const suffix = /\.(\d{8}-\d{6})(?:-(\d+))?$/;

async function rotatedFiles(path: string): Promise<readonly string[]> {
  const current = basename(path);
  const names = await readdir(dirname(path));
  return names.filter((name) => suffix.test(name) && name.replace(suffix, '') === current);
}

function byAge(a: string, b: string): number {
  const [timeA, copyA] = ageOf(a);
  const [timeB, copyB] = ageOf(b);
  return timeA < timeB ? -1 : timeA > timeB ? 1 : copyA - copyB;
}

function ageOf(name: string): readonly [time: string, copy: number] {
  const [, time = '', copy = '0'] = suffix.exec(name) ?? [];
  return [time, Number(copy)];
}
