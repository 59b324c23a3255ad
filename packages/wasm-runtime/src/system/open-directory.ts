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
import { inodeOf, type ListedName, type ListingCaps, listNames } from './listing.ts';
import { type OpenRequest, openSpot } from './open-spot.ts';
import type { OpenFile } from './open-file.ts';
import type { ParentCache } from './parent-cache.ts';
import { leave, type Spot, walk } from './path-walk.ts';
import { bare, bareStat, type Place } from './place.ts';
import { inDirectory, ofDescriptor } from './proc-path.ts';
import { codeOf, SystemError } from './system-error.ts';

/**
 * An open directory. Every path is resolved below it by {@link walk} and cannot leave it. Read-only is inherited by
 * all that is opened through it, and holds for the sources of links and renames as well: a second, writable
 * name of a file would undo it.
 */
export interface OpenDirectory {
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

/** What the directories of one guest share. */
export interface GuestTree {
  readonly exactTimes: ExactTimes;
  readonly parents: ParentCache;
  readonly listingCaps: ListingCaps;
  /** Programs that search try one path after the other: after one that is missing the next one is likely to be, too. */
  readonly lastOpen: { missed: boolean };
}

/** A mount's directory, whose descriptor stays with the mount. */
export function createOpenDirectory(place: Place, tree: GuestTree): OpenDirectory {
  return new Directory(place, tree, false);
}

class Directory implements OpenDirectory {
  #place: Place;
  readonly #tree: GuestTree;
  #owned: boolean;

  constructor(place: Place, tree: GuestTree, owned: boolean) {
    this.#place = place;
    this.#tree = tree;
    this.#owned = owned && place.descriptor !== bare;
  }

  open(path: string, request: OpenRequest): OpenFile | OpenDirectory {
    // The last component is almost never a symlink: it is opened without a look first, and the walk is done
    // again only when that failed because it is one.
    const { exactTimes, lastOpen } = this.#tree;
    const openAt = (follow: boolean) =>
      this.#at(path, follow, (spot) => openSpot(spot, request, exactTimes, lastOpen.missed));
    let opened = openAt(false);
    if ('refused' in opened && opened.refused !== 'ENOENT' && request.follow) opened = openAt(true);
    lastOpen.missed = 'refused' in opened && opened.refused === 'ENOENT';
    if ('refused' in opened) throw new SystemError(opened.refused);
    if (!('directory' in opened)) return opened;
    return new Directory(opened.directory, this.#tree, true);
  }

  stat(path: string, follow: boolean): FileStat {
    const stat = this.#at(path, false, (spot) => this.#statAt(spot));
    if (!follow || stat.kind !== 'symlink') return stat;
    return this.#at(path, true, (spot) => this.#statAt(spot));
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
      if (spot.name === '.') throw new SystemError(spot.atPoint ? 'EBUSY' : 'EINVAL');
      rmdirSync(pathOf(spot));
    });
  }

  unlink(path: string): void {
    this.#change(path, false, (spot) => {
      if (spot.name === '.') throw new SystemError(isMountedFile(spot) ? 'EBUSY' : 'EISDIR');
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
      if (spot.mustBeDirectory) lstat(spot);
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
    return listNames(this.#place, this.#tree.listingCaps);
  }

  inodeOf(name: string): bigint | undefined {
    return inodeOf(this.#place, name);
  }

  statSelf(): FileStat {
    return this.#statAt(this.#self());
  }

  setTimesSelf(times: NewTimes): void {
    this.#setTimesAt(this.#self(), times);
  }

  sync(): void {
    if (this.#place.descriptor !== bare) flushDescriptor(this.#place.descriptor, 'all');
  }

  close(): void {
    const { descriptor } = this.#place;
    const owned = this.#owned;
    this.#owned = false;
    this.#tree.parents.forget(this.#place);
    this.#place = { ...this.#place, descriptor: bare };
    if (owned) closeSync(descriptor);
  }

  #self(): Spot {
    return { place: this.#place, name: '.', mustBeDirectory: true, ...ofItself };
  }

  #at<T>(path: string, follow: boolean, act: (spot: Spot) => T): T {
    // Most errors here are answers (no such file), whose stack traces nobody reads and which cost as much as the call.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      const spot = follow ? walk(this.#place, path, 'all') : this.#parentOf(path);
      try {
        return act(spot);
      } finally {
        leave(spot);
      }
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }

  #parentOf(path: string): Spot {
    const { parents } = this.#tree;
    const found = parents.find(this.#place, path);
    if (found !== undefined) return found;
    const spot = walk(this.#place, path, 'inner');
    try {
      return parents.keep(this.#place, path, spot);
    } catch (error) {
      leave(spot);
      throw error;
    }
  }

  #change<T>(path: string, follow: boolean, act: (spot: Spot) => T): T {
    return this.#at(path, follow, (spot) => {
      requireWritable(spot);
      return act(spot);
    });
  }

  #between(
    path: string,
    to: OpenDirectory,
    newPath: string,
    act: (source: Spot, target: Spot) => void,
  ): void {
    if (!(to instanceof Directory)) throw new SystemError('EXDEV');
    this.#change(path, false, (source) => {
      to.#change(newPath, false, (target) => {
        if (source.place.volume !== target.place.volume) throw new SystemError('EXDEV');
        act(source, target);
      });
    });
  }

  #statAt(spot: Spot): FileStat {
    if (spot.name === '.' && spot.place.descriptor === bare) return bareStat(spot.place);
    return this.#tree.exactTimes.statOf(lstat(spot));
  }

  #setTimesAt(spot: Spot, times: NewTimes): void {
    requireWritable(spot);
    const { exactTimes } = this.#tree;
    const current = exactTimes.statOf(lstat(spot));
    const accessedNs = times.accessedNs ?? current.accessedNs;
    const modifiedNs = times.modifiedNs ?? current.modifiedNs;
    if (spot.name === '.') {
      utimesSync(ofDescriptor(spot.place.descriptor), secondsOf(accessedNs), secondsOf(modifiedNs));
    } else {
      lutimesSync(pathOf(spot), secondsOf(accessedNs), secondsOf(modifiedNs));
    }
    exactTimes.remember(lstat(spot), accessedNs, modifiedNs);
  }
}

const ofItself = { atPoint: false, opened: [], straight: undefined } as const;

function requireWritable({ place }: Spot): void {
  if (place.volume.readOnly) throw new SystemError('EROFS');
}

function isMountedFile({ name, place }: Spot): boolean {
  return name === '.' && place.point?.mounted?.kind === 'file';
}

function pathOf(spot: Spot): string {
  return inDirectory(spot.place.descriptor, spot.name);
}

function lstat(spot: Spot): BigIntStats {
  const stats =
    spot.name === '.' ? fstatSync(spot.place.descriptor, exact) : lstatSync(pathOf(spot), exactOrNone);
  if (stats === undefined) throw new SystemError('ENOENT');
  if (spot.mustBeDirectory && !stats.isDirectory()) throw new SystemError('ENOTDIR');
  return stats;
}

const exact = { bigint: true } as const;
/** What is missing costs an exception else. */
const exactOrNone = { bigint: true, throwIfNoEntry: false } as const;

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
