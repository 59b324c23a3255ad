import { randomInt } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { chown, constants, open, readdir } from 'node:fs/promises';
import { RuntimeError } from '../errors.ts';
import { inDirectory, O_PATH, ofDescriptor } from '../system/proc-path.ts';

/** User and group ids that are given to sandboxes. */
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
 * names is left alone: one of them may be a file of somebody else's that an earlier guest has linked. So is what
 * lies very deep, where guests alone have made it, as theirs.
 */
export async function handOver(path: string, user: SandboxUser, depth = 0): Promise<void> {
  // All by its descriptor: a guest that is not gone yet may put something else in its place.
  await using entry = await open(path, O_PATH | constants.O_NOFOLLOW);
  const self = ofDescriptor(entry.fd);
  const stats = await entry.stat();
  if (!stats.isDirectory() && stats.nlink > 1) return;
  if (stats.uid !== user.uid || stats.gid !== user.gid) await chown(self, user.uid, user.gid);
  if (!stats.isDirectory() || depth === maxDepth) return;
  for (const name of await readdir(self)) await handOver(inDirectory(entry.fd, name), user, depth + 1);
}

/** Each level holds a descriptor of the application's while the ones below it are looked at. */
const maxDepth = 256;
