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
      let used = 0;
      let index = Number(BigInt.asUintN(64, cookie));
      for (; index < names.length && used < target.length; index += 1) {
        const entry = names[index];
        const inode = entry === undefined ? undefined : descriptor.directory.inodeOf(entry.name);
        if (entry === undefined || inode === undefined) continue;
        const fitting = direntOf(entry, index + 1, inode).subarray(0, target.length - used);
        target.set(fitting, used);
        used += fitting.length;
      }
      // Less than asked for means the end: nobody will go on from here.
      if (used < target.length) descriptor.listing = undefined;
      memory.setU32(result, used);
      return errno.success;
    },
  };
}

/** `next` is the cookie of the entry behind it. */
function direntOf({ name, kind }: ListedName, next: number, inode: bigint): Buffer {
  const length = Buffer.byteLength(name);
  const dirent = Buffer.allocUnsafe(headBytes + length);
  dirent.writeBigUInt64LE(BigInt(next), 0);
  dirent.writeBigUInt64LE(inode, 8);
  dirent.writeUInt32LE(length, 16);
  dirent.writeUInt32LE(filetype[kind], 20);
  dirent.write(name, headBytes);
  return dirent;
}
