import process from 'node:process';
import { createExactTimes, type ExactTimes } from '../system/file-stat.ts';
import { createInput, emptyInput } from '../system/input.ts';
import { openInputFile } from '../system/input-file.ts';
import type { ListingCaps } from '../system/listing.ts';
import { openMount } from '../system/mount.ts';
import { createMountTree, type MountTree } from '../system/mount-tree.ts';
import { createOpenDirectory } from '../system/open-directory.ts';
import { createParentCache } from '../system/parent-cache.ts';
import type { CallCaps } from './call-caps.ts';
import { createDescriptorTable, type DescriptorTable } from './descriptor-table.ts';
import { fdflag } from './flags.ts';
import { encodeGuestPath } from './guest-strings.ts';
import type { PassedListener, Preview1Options } from './preview1.ts';
import {
  connectionRights,
  directoryRights,
  fileRights,
  inputFileRights,
  inputRights,
  listenerRights,
  outputRights,
} from './rights.ts';

/** What a guest has open when it begins, and all that its host holds open for it. */
export interface OpenDescriptors {
  readonly descriptors: DescriptorTable;
  close(): void;
}

/** Standard streams from 0; from 3 the mounted directories in their order, `/` where no mount is that, and listeners. */
export function openDescriptors(options: Preview1Options, caps: CallCaps): OpenDescriptors {
  const descriptors = createDescriptorTable(options.maxDescriptors);
  const mounts = createMountTree();
  const parents = createParentCache();
  const close = (): void => {
    descriptors.closeAll();
    parents.close();
    mounts.close();
  };
  try {
    const exactTimes = createExactTimes();
    addStreams(descriptors, options, exactTimes);
    const lastOpen = { missed: false };
    const tree = { exactTimes, parents, listingCaps: listingCapsOf(caps), lastOpen };
    for (const guestPath of mountAll(options.mounts, mounts)) {
      descriptors.requireRoom();
      descriptors.add({
        kind: 'directory',
        directory: createOpenDirectory(mounts.placeAt(guestPath), tree),
        preopen: encodeGuestPath(guestPath),
        base: directoryRights,
        inheriting: directoryRights | fileRights,
        flags: 0,
        canRead: false,
        canWrite: false,
      });
    }
    addListeners(descriptors, options.listeners ?? []);
  } catch (error) {
    close();
    throw error;
  }
  return { descriptors, close };
}

function listingCapsOf({ maxDirectoryEntries, maxCallBytes }: CallCaps): ListingCaps {
  return { maxNames: maxDirectoryEntries, maxBytes: maxCallBytes };
}

function addStreams(
  descriptors: DescriptorTable,
  { stdin, stdout, stderr, tty }: Preview1Options,
  exactTimes: ExactTimes,
): void {
  const plain = { inheriting: 0, flags: 0 };
  const reads = { canRead: true, canWrite: false, ...plain };
  if (stdin.kind === 'file') {
    const file = openInputFile({ ...stdin, platform: process.platform }, exactTimes);
    descriptors.add({ kind: 'file', file, base: inputFileRights, ...reads });
  } else {
    const input = stdin.kind === 'stream' ? createInput(stdin) : emptyInput;
    descriptors.add({ kind: 'input', input, tty, base: inputRights, ...reads });
  }
  for (const sink of [stdout, stderr]) {
    descriptors.add({
      kind: 'output',
      sink,
      tty,
      base: outputRights,
      canRead: false,
      canWrite: true,
      ...plain,
    });
  }
}

function addListeners(descriptors: DescriptorTable, listeners: readonly PassedListener[]): void {
  for (const { listener, nonblocking } of listeners) {
    descriptors.add({
      kind: 'listener',
      listener,
      base: listenerRights,
      inheriting: connectionRights,
      flags: nonblocking ? fdflag.nonblock : 0,
      canRead: false,
      canWrite: false,
    });
  }
}

/** Returns the guest paths of the directories that the guest is given. */
function mountAll(mounts: Preview1Options['mounts'], tree: MountTree): readonly string[] {
  const directories: string[] = [];
  for (const { hostPath, root, guestPath, readOnly = false } of mounts) {
    encodeGuestPath(guestPath);
    const mounted = openMount({ hostPath, root, guestPath, readOnly, platform: process.platform });
    tree.mount(guestPath, mounted);
    if (mounted.kind === 'directory') directories.push(guestPath);
  }
  if (tree.needsTop) directories.push('/');
  return directories;
}
