import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { RuntimeError } from '../errors.ts';
import type { ExactTimes } from './file-stat.ts';
import { createOpenDirectory, type OpenDirectory } from './open-directory.ts';
import { leave, type Spot, walk } from './path-walk.ts';
import { descriptorPathsWork, inDirectory, O_PATH } from './proc-path.ts';
import { codeOf, SystemError } from './system-error.ts';

export interface MountOptions {
  readonly hostPath: string;
  /** See `GuestMount.root`. */
  readonly root?: string | undefined;
  /** For messages. */
  readonly guestPath: string;
  readonly readOnly: boolean;
  readonly exactTimes: ExactTimes;
  readonly platform: NodeJS.Platform;
}

/** Opens a directory of this machine for a guest. Throws {@link RuntimeError} `INVALID_MOUNT`. */
export function openMount(options: MountOptions): OpenDirectory {
  const { hostPath, root, guestPath, readOnly, exactTimes, platform } = options;
  const refusal = (reason: string, cause?: unknown): RuntimeError =>
    new RuntimeError('INVALID_MOUNT', `cannot mount ${hostPath} at ${guestPath}: ${reason}`, { cause });
  if (!descriptorPathsWork(platform)) {
    throw refusal(
      `directories are given to guests on Linux only, where /proc/self/fd keeps them inside; run without mounts on ${platform}`,
    );
  }
  if (!isAbsolute(hostPath)) throw refusal('the host path has to be absolute');
  if (root !== undefined && !isAbsolute(root)) throw refusal(`its root ${root} has to be absolute`);
  try {
    const descriptor = root === undefined ? openHostDirectory(hostPath) : openWithoutLinks(root, hostPath);
    return createOpenDirectory({ descriptor, readOnly, exactTimes });
  } catch (cause) {
    throw refusal(reasonOf(cause), cause);
  }
}

function openHostDirectory(path: string, flags = 0): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | flags);
  } catch (error) {
    // A directory that may be searched but not listed can still be walked.
    if (codeOf(error) !== 'EACCES') throw error;
    return openSync(path, O_PATH | constants.O_DIRECTORY | flags);
  }
}

function openWithoutLinks(root: string, hostPath: string): number {
  const path = pathBelow(root, hostPath);
  const start = openSync(root, O_PATH | constants.O_DIRECTORY);
  try {
    const spot = walk(start, path, 'none');
    try {
      return openHostDirectory(inDirectory(spot.directory, spot.name), constants.O_NOFOLLOW);
    } catch (error) {
      // The kernel says ENOTDIR of a link as well.
      throw codeOf(error) === 'ENOTDIR' && isLink(spot) ? new SystemError('ELOOP') : error;
    } finally {
      leave(spot);
    }
  } finally {
    closeSync(start);
  }
}

/** What `hostPath` says behind `root`; nothing is looked up. */
function pathBelow(root: string, hostPath: string): string {
  const [start, names] = [namesOf(root), namesOf(hostPath)];
  const isBelow = start.every((name, index) => names[index] === name) && !names.includes('..');
  if (!isBelow) throw new SystemError('EXDEV');
  return names.slice(start.length).join('/') || '.';
}

function namesOf(path: string): readonly string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function isLink({ directory, name }: Spot): boolean {
  return lstatSync(inDirectory(directory, name), { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function reasonOf(cause: unknown): string {
  const code = codeOf(cause);
  if (code === 'ENOENT') return 'there is no such directory';
  if (code === 'ENOTDIR')
    return 'it is not a directory, and a single file cannot be mounted; mount the directory that it is in';
  if (code === 'ELOOP') return 'a symbolic link is in the place of a directory';
  if (code === 'EXDEV') return "it leads out of its root, or has a '..'";
  if (code === 'EACCES') return 'the user of the guest host may not enter it';
  return cause instanceof Error ? cause.message : String(cause);
}
