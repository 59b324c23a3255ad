import { closeSync, constants, openSync, readlinkSync } from 'node:fs';
import { inDirectory, O_PATH } from './proc-path.ts';
import { codeOf, SystemError } from './system-error.ts';

/** What a walk ends at: an open directory and one name in it. */
export interface Spot {
  readonly directory: number;
  /** One component, or `.` for the directory itself. */
  readonly name: string;
  /** The path ended in a slash: whatever it names has to be a directory. */
  readonly mustBeDirectory: boolean;
  /** Descriptors the walk opened, to be closed by {@link leave}. */
  readonly opened: readonly number[];
}

/** Which symlinks of a path are expanded: all, those before the last component, or none (ELOOP). */
export type ExpandedLinks = 'all' | 'inner' | 'none';

/** As Linux: more expansions are taken for a loop. */
const maxLinks = 40;
/** Components below the start at any moment. Each is an open descriptor of the process. */
const maxDepth = 256;
/** NAME_MAX. */
const maxNameLength = 255;

const throughDirectory = O_PATH | constants.O_NOFOLLOW | constants.O_DIRECTORY;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Resolves all of a path but its last component, which it expands as well when it is a symlink and `links` is
 * `all` (or a slash follows it and they are not `none`).
 *
 * This is the sandbox. The kernel is never given more than one name below a descriptor that this walk or its
 * caller holds open, never `..`, and never follows a link: symlinks are read and expanded here, `..` closes the
 * directory that the walk opened last, absolute targets are refused. So the result lies below `start` whatever
 * other processes do to the tree meanwhile. Equal to `openat2` with `RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS`.
 */
export function walk(start: number, path: string, links: ExpandedLinks): Spot {
  if (path.length === 0) throw new SystemError('ENOENT');
  if (path.startsWith('/')) throw new SystemError('EPERM');
  const opened: number[] = [];
  const todo = path.split('/').toReversed();
  let expanded = 0;

  const expand = (target: string): void => {
    expanded += 1;
    if (expanded > maxLinks) throw new SystemError('ELOOP');
    if (target.length === 0) throw new SystemError('ENOENT');
    if (target.startsWith('/')) throw new SystemError('EPERM');
    const components = target.split('/');
    for (let i = components.length - 1; i >= 0; i -= 1) todo.push(components[i] ?? '');
  };

  try {
    for (;;) {
      const directory = opened.at(-1) ?? start;
      const name = todo.pop();
      if (name === undefined) return { directory, name: '.', mustBeDirectory: false, opened };
      if (name === '' || name === '.') {
        if (todo.length === 0) return { directory, name: '.', mustBeDirectory: name === '', opened };
        continue;
      }
      if (name === '..') {
        const last = opened.pop();
        if (last === undefined) throw new SystemError('EPERM');
        closeSync(last);
        continue;
      }
      if (name.length > maxNameLength) throw new SystemError('ENAMETOOLONG');
      if (onlyDotsLeft(todo)) {
        const mustBeDirectory = todo.length > 0;
        if (links === 'all' || (links === 'inner' && mustBeDirectory)) {
          const target = linkTarget(directory, name);
          if (target !== undefined) {
            expand(target);
            continue;
          }
        }
        return { directory, name, mustBeDirectory, opened };
      }
      if (opened.length === maxDepth) throw new SystemError('ENAMETOOLONG');
      try {
        opened.push(openSync(inDirectory(directory, name), throughDirectory));
      } catch (error) {
        const code = codeOf(error);
        if (code !== 'ENOTDIR' && code !== 'ELOOP') throw error;
        const target = linkTarget(directory, name);
        if (target === undefined) throw new SystemError('ENOTDIR');
        if (links === 'none') throw new SystemError('ELOOP');
        expand(target);
      }
    }
  } catch (error) {
    closeAll(opened);
    throw error;
  }
}

/** Closes what a walk has opened. */
export function leave(spot: Spot): void {
  closeAll(spot.opened);
}

function closeAll(descriptors: readonly number[]): void {
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
