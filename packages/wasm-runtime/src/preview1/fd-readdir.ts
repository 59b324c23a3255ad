import type { ListedName } from '../system/listing.ts';
import { type DirectoryDescriptor, requireDirectory } from './descriptor.ts';
import { errno, refuse } from './errno.ts';
import { filetype } from './flags.ts';
import type { GuestState } from './guest-state.ts';
import { right } from './rights.ts';

/** A `dirent` without its name. */
const headBytes = 24;
/** Names that a guest's open directories may hold together: of so many that are as large as may be. */
const directoriesHeld = 4;

/**
 * `fd_readdir`. A directory is listed when it is asked for from its start; later calls go on in that list, by index,
 * until its end, whatever happens to the directory meanwhile.
 */
export function fdReaddirCalls({ memory, descriptors, caps }: GuestState) {
  const encoder = new TextEncoder();

  function listingOf(descriptor: DirectoryDescriptor, cookie: bigint): readonly ListedName[] {
    if (cookie !== 0n && descriptor.listing !== undefined) return descriptor.listing;
    descriptor.listing = undefined;
    const names = descriptor.directory.list();
    let held = names.length;
    for (const other of descriptors.all()) {
      if (other.kind === 'directory') held += other.listing?.length ?? 0;
    }
    if (held > directoriesHeld * caps.maxDirectoryEntries) refuse(errno.nomem);
    descriptor.listing = names;
    return names;
  }

  return {
    fd_readdir(fd: number, buffer: number, length: number, cookie: bigint, result: number): number {
      const descriptor = requireDirectory(descriptors.get(fd), right.fdReaddir);
      const target = memory.span(buffer, length);
      memory.check(result, 4);
      const names = listingOf(descriptor, cookie);
      const head = new Uint8Array(headBytes);
      const headView = new DataView(head.buffer);
      let used = 0;
      const put = (bytes: Uint8Array): void => {
        const fitting = bytes.subarray(0, target.length - used);
        target.set(fitting, used);
        used += fitting.length;
      };

      let index = Number(BigInt.asUintN(64, cookie));
      for (; index < names.length && used < target.length; index += 1) {
        const entry = names[index];
        const inode = entry === undefined ? undefined : descriptor.directory.inodeOf(entry.name);
        if (entry === undefined || inode === undefined) continue;
        const name = encoder.encode(entry.name);
        headView.setBigUint64(0, BigInt(index + 1), true);
        headView.setBigUint64(8, inode, true);
        headView.setUint32(16, name.length, true);
        headView.setUint32(20, filetype[entry.kind], true);
        put(head);
        put(name);
      }
      // Less than asked for means the end: nobody will go on from here.
      if (used < target.length) descriptor.listing = undefined;
      memory.setU32(result, used);
      return errno.success;
    },
  };
}
