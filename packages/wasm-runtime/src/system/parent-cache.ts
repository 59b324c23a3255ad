import { closeSync, fstatSync, readlinkSync, statSync } from 'node:fs';
import { closeAll, isPlain, type Spot } from './path-walk.ts';
import type { Place } from './place.ts';
import { ofDescriptor } from './proc-path.ts';
import { codeOf } from './system-error.ts';

/**
 * Directories in which a guest's paths ended lately, held open so that the next path of the same directory need not
 * be walked. What is acted on is the held directory itself, which a walk once reached, and never what its path leads
 * to now: a wrong guess could only be stale, as a directory that the guest holds open itself may be. Against that
 * each use compares it with what is at its path; one that was moved, removed or replaced is forgotten. Ways through
 * links and `..` are not kept.
 */
export interface ParentCache {
  /** Where a path ends, as `walk` would tell without looking at the last component; nothing is opened. */
  find(start: Place, path: string): Spot | undefined;
  /** Keeps the directory that a walk has ended in. Returns the spot, which owns no more what is kept now. */
  keep(start: Place, path: string, spot: Spot): Spot;
  /** To be called when `start` is closed. */
  forget(start: Place): void;
  close(): void;
}

interface Kept {
  readonly start: Place;
  readonly parent: string;
  readonly place: Place;
  readonly isAtItsPath: () => boolean;
  /** Since room was made last. */
  used: boolean;
  /** Spots that were not left yet: a directory that is forgotten meanwhile stays open for them. */
  users: number;
  readonly release: () => void;
}

/** Each is an open descriptor of the process. */
const maxKept = 32;
/** What the kernel appends for directories that are gone. */
const gone = ' (deleted)';

export function createParentCache(): ParentCache {
  const byStart = new Map<Place, Map<string, Kept>>();
  const inOrder = new Set<Kept>();

  function drop(kept: Kept): void {
    inOrder.delete(kept);
    const parents = byStart.get(kept.start);
    parents?.delete(kept.parent);
    if (parents?.size === 0) byStart.delete(kept.start);
    if (kept.users === 0) closeSync(kept.place.descriptor);
  }

  function hold(start: Place, parent: string, place: Place, isAtItsPath: () => boolean): Kept {
    const kept: Kept = {
      start,
      parent,
      place,
      isAtItsPath,
      used: true,
      users: 0,
      release() {
        kept.users -= 1;
        if (kept.users === 0 && !inOrder.has(kept)) closeSync(place.descriptor);
      },
    };
    const parents = byStart.get(start) ?? new Map<string, Kept>();
    byStart.set(start, parents.set(parent, kept));
    inOrder.add(kept);
    return kept;
  }

  /** The oldest that was not used since it was last looked at. */
  function makeRoom(): void {
    for (const kept of inOrder) {
      if (inOrder.size < maxKept) return;
      if (!kept.used) {
        drop(kept);
        continue;
      }
      kept.used = false;
      inOrder.delete(kept);
      inOrder.add(kept);
    }
  }

  return {
    find(start, path) {
      const parents = byStart.get(start);
      if (parents === undefined) return undefined;
      const slash = path.lastIndexOf('/');
      if (slash <= 0) return undefined;
      const kept = parents.get(path.slice(0, slash));
      if (kept === undefined) return undefined;
      const name = path.slice(slash + 1);
      if (!isPlain(name) || kept.place.point?.points.has(name)) return undefined;
      if (!kept.isAtItsPath()) {
        drop(kept);
        return undefined;
      }
      return spotIn(kept, name);
    },

    keep(start, path, spot) {
      const { straight, opened, name, place } = spot;
      const slash = path.lastIndexOf('/');
      if (straight === undefined || straight.names.length === 0 || path.slice(slash + 1) !== name)
        return spot;
      if (!isPlain(name) || opened.at(-1) !== place.descriptor) return spot;
      const parent = path.slice(0, slash);
      if (byStart.get(start)?.has(parent)) return spot;
      const base = readlinkSync(ofDescriptor(straight.base));
      const hostPath = readlinkSync(ofDescriptor(place.descriptor));
      const expected = `${base === '/' ? '' : base}/${straight.names.join('/')}`;
      if (hostPath !== expected || hostPath.endsWith(gone)) return spot;
      makeRoom();
      // What is behind it is not needed: one directory is acted on.
      closeAll(opened.slice(0, -1));
      return spotIn(hold(start, parent, place, watcherOf(place.descriptor, hostPath)), name);
    },

    forget(start) {
      for (const kept of byStart.get(start)?.values() ?? []) drop(kept);
    },

    close() {
      for (const kept of inOrder) drop(kept);
    },
  };
}

/** Asks what is at the path, or, where this user may not, the kernel for the path: at twice the cost. */
function watcherOf(descriptor: number, hostPath: string): () => boolean {
  const { dev, ino } = fstatSync(descriptor);
  const isThere = (): boolean => {
    const there = statSync(hostPath, noThrow);
    return there !== undefined && there.ino === ino && there.dev === dev;
  };
  const isCalledSo = (): boolean => readlinkSync(ofDescriptor(descriptor)) === hostPath;
  // Larger numbers are rounded: two of them may look the same.
  const isExact = Number.isSafeInteger(ino) && Number.isSafeInteger(dev);
  return isExact && canSee(isThere) ? () => canSee(isThere) : isCalledSo;
}

const noThrow = { throwIfNoEntry: false } as const;

function canSee(look: () => boolean): boolean {
  try {
    return look();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return false;
  }
}

function spotIn(kept: Kept, name: string): Spot {
  kept.used = true;
  kept.users += 1;
  const { place, release } = kept;
  return {
    place,
    name,
    mustBeDirectory: false,
    atPoint: false,
    opened: nothing,
    release,
    straight: undefined,
  };
}

const nothing: readonly number[] = [];
