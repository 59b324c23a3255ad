import process from 'node:process';
import type { ExactTimes } from '../system/file-stat.ts';
import { openGuestDirectories } from '../system/guest-directories.ts';
import { createInput, emptyInput } from '../system/input.ts';
import { openInputFile } from '../system/input-file.ts';
import type { ListingCaps } from '../system/listing.ts';
import type { CallCaps } from '../system/call-caps.ts';
import { createDescriptorTable, type DescriptorTable } from './descriptor-table.ts';
import { fdflag } from './flags.ts';
import { encodeGuestPath } from '../system/guest-strings.ts';
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
  for (const { guestPath } of options.mounts) encodeGuestPath(guestPath);
  const descriptors = createDescriptorTable(options.maxDescriptors);
  const directories = openGuestDirectories(options.mounts, listingCapsOf(caps));
  const close = (): void => {
    descriptors.closeAll();
    directories.close();
  };
  try {
    addStreams(descriptors, options, directories.exactTimes);
    for (const given of directories.given) {
      descriptors.requireRoom();
      descriptors.add({
        kind: 'directory',
        directory: given.open(),
        preopen: encodeGuestPath(given.guestPath),
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
