import { closeSync, constants, openSync, readlinkSync } from 'node:fs';
import { bare, bareVolume, type MountPoint, type Place } from './place.ts';
import { inDirectory, O_PATH } from './proc-path.ts';
import { codeOf, SystemError } from './system-error.ts';

/** What a walk ends at: an open directory and one name in it. */
export interface Spot {
  readonly place: Place;
  /** One component, or `.` for the place itself (which is a single file where one is mounted). */
  readonly name: string;
  /** The path ended in a slash: whatever it names has to be a directory. */
  readonly mustBeDirectory: boolean;
  /** The last component was a mount point or led to some; the place is what is there. */
  readonly atPoint: boolean;
  /** Descriptors the walk opened, to be closed by {@link leave}. */
  readonly opened: readonly number[];
  /** Called by {@link leave} where the place is somebody else's. */
  readonly release?: () => void;
  /** The way from the last mount to the place, when it was names of directories alone, no link and no `..`. */
  readonly straight: StraightWay | undefined;
}

export interface StraightWay {
  readonly base: number;
  readonly names: readonly string[];
}

/** Which symlinks of a path are expanded: all, those before the last component, or none (ELOOP). */
export type ExpandedLinks = 'all' | 'inner' | 'none';

/** As Linux: more expansions are taken for a loop. */
const maxLinks = 40;
/** Components below the start at any moment. Each is an open descriptor of the process. */
const maxDepth = 256;
/** NAME_MAX. */
const maxNameBytes = 255;

const throughDirectory = O_PATH | constants.O_NOFOLLOW | constants.O_DIRECTORY;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A place that the walk went to, and whether it opened it. */
interface Step {
  readonly place: Place;
  readonly own: boolean;
}

/**
 * Resolves all of a path but its last component, which it expands as well when it is a symlink and `links` is
 * `all` (or a slash follows it and they are not `none`).
 *
 * This is the sandbox. The kernel is never given more than one name below a descriptor that this walk or its
 * caller holds open, never `..`, and never follows a link: symlinks are read and expanded here, `..` closes the
 * directory that the walk opened last, absolute targets are refused. So the result lies below `start` whatever
 * other processes do to the tree meanwhile. Equal to `openat2` with `RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS`, in a
 * tree in which mounts lie over what is on the machine.
 */
export function walk(start: Place, path: string, links: ExpandedLinks): Spot {
  if (path.length === 0) throw new SystemError('ENOENT');
  if (path.startsWith('/')) throw new SystemError('EPERM');
  if (links !== 'all' && !path.includes('/') && isPlain(path) && !start.point?.points.has(path)) {
    return spotIn(start, path);
  }
  const steps: Step[] = [];
  const todo = path.split('/').toReversed();
  let expanded = 0;
  let straight = true;

  const expand = (target: string): void => {
    straight = false;
    expanded += 1;
    if (expanded > maxLinks) throw new SystemError('ELOOP');
    if (target.length === 0) throw new SystemError('ENOENT');
    if (target.startsWith('/')) throw new SystemError('EPERM');
    const components = target.split('/');
    for (let i = components.length - 1; i >= 0; i -= 1) todo.push(components[i] ?? '');
  };
  let base = start.descriptor;
  let names: string[] = [];
  const spotAt = (name: string, mustBeDirectory: boolean, atPoint = false): Spot => {
    const place = steps.at(-1)?.place ?? start;
    const way = straight && base !== bare ? { base, names } : undefined;
    return { place, name, mustBeDirectory, atPoint, opened: openedBy(steps), straight: way };
  };

  try {
    for (;;) {
      const place = steps.at(-1)?.place ?? start;
      const name = todo.pop();
      if (name === undefined) return spotAt('.', false);
      if (name === '' || name === '.') {
        if (todo.length === 0) return spotAt('.', name === '');
        continue;
      }
      if (name === '..') {
        straight = false;
        const last = steps.pop();
        if (last === undefined) throw new SystemError('EPERM');
        if (last.own) closeSync(last.place.descriptor);
        continue;
      }
      if (isTooLong(name)) throw new SystemError('ENAMETOOLONG');
      if (steps.length === maxDepth) throw new SystemError('ENAMETOOLONG');
      const atEnd = onlyDotsLeft(todo);
      const point = place.point?.points.get(name);
      if (point !== undefined) {
        const isFile = point.mounted?.kind === 'file';
        if (isFile && !atEnd) throw new SystemError('ENOTDIR');
        const step = enter(place, name, point);
        steps.push(step);
        if (step.own) names.push(name);
        else [base, names] = [step.place.descriptor, []];
        if (atEnd) return spotAt('.', todo.length > 0, true);
        continue;
      }
      if (atEnd) {
        const mustBeDirectory = todo.length > 0;
        if (links === 'all' || (links === 'inner' && mustBeDirectory)) {
          const target = linkTarget(place.descriptor, name);
          if (target !== undefined) {
            expand(target);
            continue;
          }
        }
        return spotAt(name, mustBeDirectory);
      }
      try {
        const descriptor = openSync(inDirectory(place.descriptor, name), throughDirectory);
        steps.push({ place: { descriptor, volume: place.volume, point: undefined }, own: true });
        names.push(name);
      } catch (error) {
        const code = codeOf(error);
        if (code !== 'ENOTDIR' && code !== 'ELOOP') throw error;
        const target = linkTarget(place.descriptor, name);
        if (target === undefined) throw new SystemError('ENOTDIR');
        if (links === 'none') throw new SystemError('ELOOP');
        expand(target);
      }
    }
  } catch (error) {
    closeAll(openedBy(steps));
    throw error;
  }
}

/** A name that leads to something below, and is no longer than names can be. */
export function isPlain(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !isTooLong(name);
}

function isTooLong(name: string): boolean {
  // A character takes three bytes at the most.
  if (3 * name.length <= maxNameBytes) return false;
  return name.length > maxNameBytes || Buffer.byteLength(name) > maxNameBytes;
}

/** Where a single name leads to, which needs no walk. */
function spotIn(place: Place, name: string): Spot {
  const way = place.descriptor === bare ? undefined : { base: place.descriptor, names: nothing };
  return { place, name, mustBeDirectory: false, atPoint: false, opened: nothing, straight: way };
}

const nothing: readonly never[] = [];

/** Closes what a walk has opened. */
export function leave(spot: Spot): void {
  closeAll(spot.opened);
  spot.release?.();
}

/** Goes to a mount, or on the way to one: into the machine's directory of that name, if it is one, else into none. */
function enter(from: Place, name: string, point: MountPoint): Step {
  const { mounted } = point;
  if (mounted !== undefined) return { place: { ...mounted, point }, own: false };
  try {
    const descriptor = openSync(inDirectory(from.descriptor, name), throughDirectory);
    return { place: { descriptor, volume: from.volume, point }, own: true };
  } catch (error) {
    if (!noDirectory.has(codeOf(error))) throw error;
    return { place: { descriptor: bare, volume: bareVolume, point }, own: false };
  }
}

/** What is on the machine under a name that leads to mounts and is no directory that the guest may enter. */
const noDirectory: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES']);

function openedBy(steps: readonly Step[]): readonly number[] {
  return steps.filter(({ own }) => own).map(({ place }) => place.descriptor);
}

export function closeAll(descriptors: readonly number[]): void {
  for (const descriptor of descriptors) closeSync(descriptor);
}

function onlyDotsLeft(todo: readonly string[]): boolean {
  for (const name of todo) if (name !== '' && name !== '.') return false;
  return true;
}

/** Where a symlink points, or `undefined` when `name` is none. */
function linkTarget(directory: number, name: string): string | undefined {
  let target: Buffer;
  try {
    target = readlinkSync(inDirectory(directory, name), 'buffer');
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EINVAL' || code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return utf8.decode(target);
  } catch {
    throw new SystemError('EILSEQ');
  }
}
