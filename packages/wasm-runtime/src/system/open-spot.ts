import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';
import { type ExactTimes, kindOf } from './file-stat.ts';
import { createOpenFile, type OpenFile } from './open-file.ts';
import type { Spot } from './path-walk.ts';
import { bare, type Place } from './place.ts';
import { inDirectory, ofDescriptor } from './proc-path.ts';
import { codeOf, SystemError } from './system-error.ts';

/** How something is opened. */
export interface OpenRequest {
  readonly read: boolean;
  readonly write: boolean;
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
  readonly append: boolean;
  readonly sync: 'none' | 'data' | 'all';
  /** Only a directory will do. */
  readonly directory: boolean;
  /** Expand the last component when it is a symlink. */
  readonly follow: boolean;
}

export type SpotOpened =
  | OpenFile
  | { readonly directory: Place }
  | { readonly refused: 'ELOOP' | 'ENOENT' | 'ENOTDIR' };

/** Of files that guests create, before the umask. */
const fileMode = 0o666;

/**
 * Opens what a walk has found. Regular files and directories only: a fifo, device or socket could block the thread
 * in the kernel, where nothing can end it. `refused`: nothing was opened, the name is missing or may be a symlink.
 *
 * @param likelyMissing look before: what is missing costs an exception else, twice as much as a look
 */
export function openSpot(
  spot: Spot,
  request: OpenRequest,
  exactTimes: ExactTimes,
  likelyMissing: boolean,
): SpotOpened {
  const { place, name } = spot;
  const { readOnly } = place.volume;
  if (readOnly && (request.write || request.create || request.truncate)) throw new SystemError('EROFS');
  const isFile = name === '.' && place.point?.mounted?.kind === 'file';
  const directoryWanted = request.directory || spot.mustBeDirectory || (name === '.' && !isFile);
  if (directoryWanted && isFile) throw new SystemError('ENOTDIR');
  if (directoryWanted && request.create) {
    throw new SystemError(request.exclusive && !spot.mustBeDirectory ? 'EEXIST' : 'EISDIR');
  }
  if (name === '.' && place.descriptor === bare) return { directory: place };
  if (likelyMissing && !request.create && name !== '.' && isMissing(spot)) return { refused: 'ENOENT' };
  const access = accessOf(request);
  let descriptor: number;
  try {
    const flags = access | flagsOf(request, directoryWanted);
    descriptor = isFile
      ? // The descriptor's own path is a link of the kernel's to the mounted file.
        openSync(ofDescriptor(place.descriptor), flags & ~constants.O_NOFOLLOW)
      : openSync(inDirectory(place.descriptor, name), flags, fileMode);
  } catch (error) {
    const code = codeOf(error);
    // O_DIRECTORY with O_NOFOLLOW answers ENOTDIR for a symlink, too.
    if (code === 'ELOOP' || code === 'ENOENT' || (code === 'ENOTDIR' && directoryWanted)) {
      return { refused: code };
    }
    if (code === 'ENXIO') throw new SystemError('ENOTSUP');
    throw error;
  }
  try {
    const kind = kindOf(fstatSync(descriptor).mode);
    if (kind === 'directory') {
      const point = name === '.' ? place.point : undefined;
      return { directory: { descriptor, volume: place.volume, point } };
    }
    if (kind !== 'file') throw new SystemError('ENOTSUP');
    return createOpenFile({ descriptor, access, appending: request.append, readOnly, exactTimes });
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function isMissing({ place, name }: Spot): boolean {
  return lstatSync(inDirectory(place.descriptor, name), { throwIfNoEntry: false }) === undefined;
}

function accessOf({ read, write, truncate }: OpenRequest): number {
  if (!write && !truncate) return constants.O_RDONLY;
  return read ? constants.O_RDWR : constants.O_WRONLY;
}

function flagsOf(request: OpenRequest, directoryWanted: boolean): number {
  let flags = constants.O_NOFOLLOW | constants.O_NONBLOCK;
  if (directoryWanted) flags |= constants.O_DIRECTORY;
  if (request.create) flags |= constants.O_CREAT;
  if (request.exclusive) flags |= constants.O_EXCL;
  if (request.truncate) flags |= constants.O_TRUNC;
  if (request.append) flags |= constants.O_APPEND;
  if (request.sync === 'data') flags |= constants.O_DSYNC;
  if (request.sync === 'all') flags |= constants.O_SYNC;
  return flags;
}
