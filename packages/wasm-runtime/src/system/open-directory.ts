import {
  type BigIntStats,
  closeSync,
  fstatSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { type ExactTimes, type FileStat, type NewTimes, secondsOf } from './file-stat.ts';
import { flushDescriptor } from './flush-descriptor.ts';
import { inodeOf, type ListedName, listNames } from './listing.ts';
import { type OpenRequest, openSpot } from './open-spot.ts';
import type { OpenFile } from './open-file.ts';
import { leave, type Spot, walk } from './path-walk.ts';
import { inDirectory, ofDescriptor } from './proc-path.ts';
import { codeOf, SystemError } from './system-error.ts';

/**
 * An open directory. Every path is resolved below it by {@link walk} and cannot leave it. Read-only is inherited by
 * all that is opened through it, and holds for the sources of links and renames as well: a second, writable
 * name of a file would undo it.
 */
export interface OpenDirectory {
  readonly readOnly: boolean;
  open(path: string, request: OpenRequest): OpenFile | OpenDirectory;
  stat(path: string, follow: boolean): FileStat;
  setTimes(path: string, follow: boolean, times: NewTimes): void;
  createDirectory(path: string): void;
  removeDirectory(path: string): void;
  unlink(path: string): void;
  readLink(path: string): Uint8Array;
  /** Absolute targets are refused (EPERM): nothing could follow them. */
  symlink(target: string, path: string): void;
  link(path: string, to: OpenDirectory, newPath: string): void;
  rename(path: string, to: OpenDirectory, newPath: string): void;
  list(): readonly ListedName[];
  inodeOf(name: string): bigint | undefined;
  statSelf(): FileStat;
  setTimesSelf(times: NewTimes): void;
  sync(): void;
  /** Idempotent. */
  close(): void;
}

export interface OpenDirectoryOptions {
  readonly descriptor: number;
  readonly readOnly: boolean;
  readonly exactTimes: ExactTimes;
}

export function createOpenDirectory(options: OpenDirectoryOptions): OpenDirectory {
  return new Directory(options);
}

class Directory implements OpenDirectory {
  readonly readOnly: boolean;
  #descriptor: number;
  readonly #exactTimes: ExactTimes;

  constructor(options: OpenDirectoryOptions) {
    this.readOnly = options.readOnly;
    this.#descriptor = options.descriptor;
    this.#exactTimes = options.exactTimes;
  }

  open(path: string, request: OpenRequest): OpenFile | OpenDirectory {
    const changes = request.write || request.create || request.truncate;
    if (this.readOnly && changes) throw new SystemError('EROFS');
    const inherited = { readOnly: this.readOnly, exactTimes: this.#exactTimes };
    // The last component is almost never a symlink: it is opened without a look first, and the walk is done
    // again only when that failed because it is one.
    const openAt = (follow: boolean) => this.#at(path, follow, (spot) => openSpot(spot, request, inherited));
    let opened = openAt(false);
    if ('refused' in opened && request.follow) opened = openAt(true);
    if ('refused' in opened) throw new SystemError(opened.refused);
    if (!('directory' in opened)) return opened;
    return new Directory({ descriptor: opened.directory, ...inherited });
  }

  stat(path: string, follow: boolean): FileStat {
    const stats = this.#at(path, false, lstat);
    if (!follow || !stats.isSymbolicLink()) return this.#exactTimes.statOf(stats);
    return this.#exactTimes.statOf(this.#at(path, true, lstat));
  }

  setTimes(path: string, follow: boolean, times: NewTimes): void {
    this.#change(path, follow, (spot) => this.#setTimesAt(spot, times));
  }

  createDirectory(path: string): void {
    this.#change(path, false, (spot) => {
      if (spot.name === '.') throw new SystemError('EEXIST');
      mkdirSync(pathOf(spot));
    });
  }

  removeDirectory(path: string): void {
    this.#change(path, false, (spot) => {
      if (spot.name === '.') throw new SystemError('EINVAL');
      rmdirSync(pathOf(spot));
    });
  }

  unlink(path: string): void {
    this.#change(path, false, (spot) => {
      if (spot.name === '.') throw new SystemError('EISDIR');
      if (spot.mustBeDirectory) {
        lstat(spot);
        throw new SystemError('EISDIR');
      }
      unlinkSync(pathOf(spot));
    });
  }

  readLink(path: string): Uint8Array {
    return this.#at(path, false, (spot) => {
      if (spot.name === '.') throw new SystemError('EINVAL');
      return readlinkSync(pathOf(spot), 'buffer');
    });
  }

  symlink(target: string, path: string): void {
    if (target.length === 0) throw new SystemError('ENOENT');
    if (target.startsWith('/')) throw new SystemError('EPERM');
    this.#change(path, false, (spot) => {
      requireFreeName(spot);
      symlinkSync(target, pathOf(spot));
    });
  }

  link(path: string, to: OpenDirectory, newPath: string): void {
    this.#between(path, to, newPath, (source, target) => {
      if (target.name === '.') throw new SystemError('EEXIST');
      if (source.name === '.') throw new SystemError('EPERM');
      if (source.mustBeDirectory) lstat(source);
      requireFreeName(target);
      linkSync(pathOf(source), pathOf(target));
    });
  }

  rename(path: string, to: OpenDirectory, newPath: string): void {
    this.#between(path, to, newPath, (source, target) => {
      if (source.name === '.' || target.name === '.') throw new SystemError('EBUSY');
      if (source.mustBeDirectory || target.mustBeDirectory) lstat({ ...source, mustBeDirectory: true });
      renameSync(pathOf(source), pathOf(target));
    });
  }

  list(): readonly ListedName[] {
    return listNames(this.#descriptor);
  }

  inodeOf(name: string): bigint | undefined {
    return inodeOf(this.#descriptor, name);
  }

  statSelf(): FileStat {
    return this.#exactTimes.statOf(fstatSync(this.#descriptor, { bigint: true }));
  }

  setTimesSelf(times: NewTimes): void {
    if (this.readOnly) throw new SystemError('EROFS');
    this.#setTimesAt({ directory: this.#descriptor, name: '.', mustBeDirectory: true, opened: [] }, times);
  }

  sync(): void {
    flushDescriptor(this.#descriptor, 'all');
  }

  close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    if (descriptor >= 0) closeSync(descriptor);
  }

  #at<T>(path: string, follow: boolean, act: (spot: Spot) => T): T {
    const spot = walk(this.#descriptor, path, follow ? 'all' : 'inner');
    try {
      return act(spot);
    } finally {
      leave(spot);
    }
  }

  #change<T>(path: string, follow: boolean, act: (spot: Spot) => T): T {
    if (this.readOnly) throw new SystemError('EROFS');
    return this.#at(path, follow, act);
  }

  #between(
    path: string,
    to: OpenDirectory,
    newPath: string,
    act: (source: Spot, target: Spot) => void,
  ): void {
    if (!(to instanceof Directory)) throw new SystemError('EXDEV');
    this.#change(path, false, (source) => {
      to.#change(newPath, false, (target) => act(source, target));
    });
  }

  #setTimesAt(spot: Spot, times: NewTimes): void {
    const current = this.#exactTimes.statOf(lstat(spot));
    const accessedNs = times.accessedNs ?? current.accessedNs;
    const modifiedNs = times.modifiedNs ?? current.modifiedNs;
    if (spot.name === '.') {
      utimesSync(ofDescriptor(spot.directory), secondsOf(accessedNs), secondsOf(modifiedNs));
    } else {
      lutimesSync(pathOf(spot), secondsOf(accessedNs), secondsOf(modifiedNs));
    }
    this.#exactTimes.remember(lstat(spot), accessedNs, modifiedNs);
  }
}

function pathOf(spot: Spot): string {
  return inDirectory(spot.directory, spot.name);
}

function lstat(spot: Spot): BigIntStats {
  const stats =
    spot.name === '.'
      ? fstatSync(spot.directory, { bigint: true })
      : lstatSync(pathOf(spot), { bigint: true });
  if (spot.mustBeDirectory && !stats.isDirectory()) throw new SystemError('ENOTDIR');
  return stats;
}

/** Names with a slash at the end exist as directories or not at all. */
function requireFreeName(spot: Spot): void {
  if (spot.name === '.') throw new SystemError('EEXIST');
  if (!spot.mustBeDirectory) return;
  try {
    lstat(spot);
  } catch (error) {
    throw codeOf(error) === 'ENOTDIR' ? error : new SystemError('ENOENT');
  }
  throw new SystemError('EEXIST');
}
