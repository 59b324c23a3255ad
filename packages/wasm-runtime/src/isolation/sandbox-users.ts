import { randomInt } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { constants, lchown, lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RuntimeError } from '../errors.ts';

export interface UserRange {
  /** First user and group id. */
  readonly first: number;
  readonly count: number;
}

/** Ids that neither distributions, nor systemd, nor subordinate ranges use by default. */
export const defaultUserRange: UserRange = { first: 2_000_000_000, count: 65_536 };

export interface SandboxUser {
  readonly uid: number;
  readonly gid: number;
}

/** Gives every sandbox a user of its own. */
export interface SandboxUsers {
  /** Takes the user that owns the directories already, as after a restart, or a free one. */
  take(directories: readonly string[]): SandboxUser;
  release(user: SandboxUser): void;
}

export function createSandboxUsers({ first, count }: UserRange): SandboxUsers {
  const taken = new Set<number>();
  // Anywhere: after a restart, others' directories may still belong to the users that would be first.
  let next = randomInt(count);
  const free = (): number => {
    for (let tried = 0; tried < count; tried += 1) {
      const uid = first + next;
      next = (next + 1) % count;
      if (!taken.has(uid)) return uid;
    }
    throw new RuntimeError('HOST_FAILED', `all ${count} users of the range from ${first} are taken`);
  };
  return {
    take(directories) {
      const owner = directories
        .map((directory) => lstatSync(directory, { throwIfNoEntry: false })?.uid)
        .find((uid) => uid !== undefined && uid >= first && uid < first + count && !taken.has(uid));
      const uid = owner ?? free();
      taken.add(uid);
      return { uid, gid: uid };
    },
    release: ({ uid }) => void taken.delete(uid),
  };
}

/**
 * Makes a directory and all in it the user's; links themselves, never what they lead to. A file with further
 * names is left alone: one of them may be a file of somebody else's that an earlier guest has linked.
 */
export async function handOver(path: string, user: SandboxUser): Promise<void> {
  const stats = await lstat(path);
  if (!stats.isDirectory() && stats.nlink > 1) return;
  if (stats.uid !== user.uid || stats.gid !== user.gid) await lchown(path, user.uid, user.gid);
  if (!stats.isDirectory()) return;
  // By its descriptor: a guest that is not gone yet may put a link to elsewhere in its place.
  await using directory = await open(path, constants.O_DIRECTORY | constants.O_NOFOLLOW);
  const anchor = `/proc/self/fd/${directory.fd}`;
  for (const name of await readdir(anchor)) await handOver(join(anchor, name), user);
}
