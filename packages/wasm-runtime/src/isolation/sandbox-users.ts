import { type Dirent, lstatSync } from 'node:fs';
import { lchown, readdir } from 'node:fs/promises';
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
  let next = 0;
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

/** Makes a directory and all in it the user's; links themselves, never what they lead to. */
export async function handOver(directory: string, user: SandboxUser): Promise<void> {
  await lchown(directory, user.uid, user.gid);
  const entries: readonly Dirent[] = await readdir(directory, { withFileTypes: true });
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await handOver(path, user);
    else await lchown(path, user.uid, user.gid);
  }
}
