import process from 'node:process';
import type { GuestMount } from '../isolation/guest-spec.ts';
import { createExactTimes, type ExactTimes } from './file-stat.ts';
import type { ListingCaps } from './listing.ts';
import { openMount } from './mount.ts';
import { createMountTree } from './mount-tree.ts';
import { createOpenDirectory, type OpenDirectory } from './open-directory.ts';
import { createParentCache } from './parent-cache.ts';

/** The directories that a guest is given: its mounts, and `/` where no mount is that. */
export interface GuestDirectories {
  readonly given: readonly GivenDirectory[];
  readonly exactTimes: ExactTimes;
  close(): void;
}

export interface GivenDirectory {
  readonly guestPath: string;
  readonly readOnly: boolean;
  open(this: void): OpenDirectory;
}

/** Opens the mounts at once. Throws {@link RuntimeError} `INVALID_MOUNT`. */
export function openGuestDirectories(
  mounts: readonly GuestMount[],
  listingCaps: ListingCaps,
): GuestDirectories {
  const tree = createMountTree();
  const parents = createParentCache();
  const exactTimes = createExactTimes();
  const shared = { exactTimes, parents, listingCaps, lastOpen: { missed: false } };
  const close = (): void => {
    parents.close();
    tree.close();
  };
  const given: GivenDirectory[] = [];
  const give = (guestPath: string, readOnly: boolean): void => {
    given.push({ guestPath, readOnly, open: () => createOpenDirectory(tree.placeAt(guestPath), shared) });
  };
  try {
    for (const { hostPath, root, guestPath, readOnly = false } of mounts) {
      const mounted = openMount({ hostPath, root, guestPath, readOnly, platform: process.platform });
      tree.mount(guestPath, mounted);
      if (mounted.kind === 'directory') give(guestPath, readOnly);
    }
    if (tree.needsTop) give('/', true);
  } catch (error) {
    close();
    throw error;
  }
  return { given, exactTimes, close };
}
