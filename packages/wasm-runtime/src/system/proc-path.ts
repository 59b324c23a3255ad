import { constants, readlinkSync } from 'node:fs';

/** Opens a place in the tree without the right to read it. Linux's value on every architecture Node runs on. */
export const O_PATH = 0o10000000;

/** This process in `/proc`. The link `/proc/self` is followed once, here: it is a fifth of the cost of a path. */
const ownProcess = `/proc/${ownEntry()}`;

/**
 * The path of one name in an open directory: what `openat` would take. `/proc/<pid>/fd/N` leads to the open
 * directory itself, so it stays right when that is moved or replaced. `name` must be a single component: with
 * a slash at its end the kernel follows a symlink even under `O_NOFOLLOW`.
 */
export function inDirectory(directory: number, name: string): string {
  return `${ownProcess}/fd/${directory}/${name}`;
}

/** The path of what an open descriptor stands for. */
export function ofDescriptor(descriptor: number): string {
  return `${ownProcess}/fd/${descriptor}`;
}

/** Whether one name below a descriptor can be addressed at all: Linux with `/proc`. */
export function descriptorPathsWork(platform: NodeJS.Platform): boolean {
  return platform === 'linux' && constants.O_NOFOLLOW !== undefined;
}

function ownEntry(): string {
  try {
    return readlinkSync('/proc/self');
  } catch {
    return 'self';
  }
}
