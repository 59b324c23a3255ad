import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { RuntimeError } from '../errors.ts';
import { leave, type Spot, walk } from './path-walk.ts';
import type { Mounted } from './place.ts';
import { descriptorPathsWork, inDirectory, O_PATH } from './proc-path.ts';
import { codeOf, SystemError } from './system-error.ts';

export interface MountOptions {
  readonly hostPath: string;
  /** See `GuestMount.root`. */
  readonly root?: string | undefined;
  /** For messages. */
  readonly guestPath: string;
  readonly readOnly: boolean;
  readonly platform: NodeJS.Platform;
}

/** Opens a directory or a regular file of this machine for a guest. Throws {@link RuntimeError} `INVALID_MOUNT`. */
export function openMount(options: MountOptions): Mounted {
  const { hostPath, root, guestPath, readOnly, platform } = options;
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
    const opened = root === undefined ? openHostPath(hostPath) : openWithoutLinks(root, hostPath);
    return { ...opened, volume: { readOnly } };
  } catch (cause) {
    throw refusal(reasonOf(cause), cause);
  }
}

type Opened = Pick<Mounted, 'kind' | 'descriptor'>;

function openHostPath(path: string, flags = 0): Opened {
  try {
    return {
      kind: 'directory',
      descriptor: openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | flags),
    };
  } catch (error) {
    const code = codeOf(error);
    // A directory that may be searched but not listed can still be walked.
    if (code === 'EACCES') return openThrough(path, flags);
    if (code === 'ENOTDIR' && !path.endsWith('/')) return openThrough(path, flags);
    throw error;
  }
}

/** Without asking for the right to read: the guest asks for what it needs of a file when it opens it. */
function openThrough(path: string, flags: number): Opened {
  const descriptor = openSync(path, O_PATH | flags);
  try {
    const stats = fstatSync(descriptor);
    if (stats.isDirectory()) return { kind: 'directory', descriptor };
    if (stats.isFile()) return { kind: 'file', descriptor };
    throw new SystemError(stats.isSymbolicLink() ? 'ELOOP' : 'ENOTSUP');
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function openWithoutLinks(root: string, hostPath: string): Opened {
  const path = pathBelow(root, hostPath);
  const start = openSync(root, O_PATH | constants.O_DIRECTORY);
  try {
    const place = { descriptor: start, volume: { readOnly: true }, point: undefined };
    const spot = walk(place, path, 'none');
    try {
      return openHostPath(inDirectory(spot.place.descriptor, spot.name), constants.O_NOFOLLOW);
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

function isLink({ place, name }: Spot): boolean {
  return lstatSync(inDirectory(place.descriptor, name), { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function reasonOf(cause: unknown): string {
  const code = codeOf(cause);
  if (code === 'ENOENT') return 'there is no such file or directory';
  if (code === 'ENOTDIR') return 'a file is in the place of a directory';
  if (code === 'ENOTSUP') return 'it is neither a directory nor a regular file';
  if (code === 'ELOOP') return 'a symbolic link is in the place of a directory';
  if (code === 'EXDEV') return "it leads out of its root, or has a '..'";
  if (code === 'EACCES') return 'the user of the guest host may not enter it';
  return cause instanceof Error ? cause.message : String(cause);
}
