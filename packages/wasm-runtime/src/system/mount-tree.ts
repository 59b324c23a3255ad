import { closeSync } from 'node:fs';
import { RuntimeError } from '../errors.ts';
import type { Mounted, MountPoint, Place } from './place.ts';
import { bare, bareVolume } from './place.ts';

/** What is mounted where in a guest's tree; the guest's paths are resolved in it. */
export interface MountTree {
  /** Mounts at a path, from then on. One at the same path is covered, as by mount(2). Takes the descriptor over. */
  mount(guestPath: string, mounted: Mounted): void;
  /** The directory at a guest path that was mounted, or `/`, which is made up where nothing is mounted at it. */
  placeAt(guestPath: string): Place;
  /** Something is mounted that no other mount leads to from `/`. */
  readonly needsTop: boolean;
  close(): void;
}

/** A {@link MountPoint} that is still growing. */
interface Node extends MountPoint {
  mounted: Mounted | undefined;
  readonly points: Map<string, Node>;
}

export function createMountTree(): MountTree {
  let nodes = 0;
  const createNode = (): Node => {
    nodes += 1;
    return { mounted: undefined, points: new Map(), inode: BigInt(nodes) };
  };
  const top = createNode();
  const all: Mounted[] = [];

  function nodeAt(guestPath: string): Node {
    let node = top;
    for (const name of namesOf(guestPath)) {
      if (node.mounted?.kind === 'file') throw belowFile(guestPath);
      const next = node.points.get(name) ?? createNode();
      node.points.set(name, next);
      node = next;
    }
    return node;
  }

  return {
    mount(guestPath, mounted) {
      all.push(mounted);
      const node = nodeAt(guestPath);
      if (mounted.kind === 'file' && (node === top || node.points.size > 0)) {
        throw new RuntimeError(
          'INVALID_MOUNT',
          `cannot mount a file at ${guestPath}: the guest has a directory there`,
        );
      }
      node.mounted = mounted;
    },
    placeAt(guestPath) {
      const point = nodeAt(guestPath);
      return { descriptor: bare, volume: bareVolume, ...point.mounted, point };
    },
    get needsTop() {
      return all.length > 0 && top.mounted === undefined;
    },
    close() {
      for (const { descriptor } of all.splice(0)) closeSync(descriptor);
    },
  };
}

/** `.`, a guest's working directory, is where `/` is: preview1 knows no other. */
function namesOf(guestPath: string): readonly string[] {
  const names = guestPath.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) {
    throw new RuntimeError('INVALID_MOUNT', `guest path ${JSON.stringify(guestPath)} has a '..'`);
  }
  return names;
}

function belowFile(guestPath: string): RuntimeError {
  return new RuntimeError('INVALID_MOUNT', `cannot mount at ${guestPath}: a file is mounted above it`);
}
