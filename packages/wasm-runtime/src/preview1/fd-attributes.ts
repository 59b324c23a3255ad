import { type Descriptor, filetypeOf, requireRight, setRights } from './descriptor.ts';
import { errno } from './errno.ts';
import { newTimes } from './new-times.ts';
import { fdflag, filetype } from './flags.ts';
import type { GuestState } from './guest-state.ts';
import { right } from './rights.ts';
import type { Snapshot } from './snapshot.ts';

const fdstatBytes = 24;
/** What can only be said at opening: Node cannot change it later. */
const syncFlags = fdflag.dsync | fdflag.rsync | fdflag.sync;

/** `fd_fdstat_*`, `fd_filestat_*`, `fd_sync`, `fd_datasync`. */
export function fdAttributeCalls({ memory, descriptors, clocks }: GuestState, snapshot: Snapshot) {
  return {
    fd_fdstat_get(fd: number, result: number): number {
      const descriptor = descriptors.get(fd);
      const at = memory.check(result, fdstatBytes);
      const view = memory.view();
      view.setBigUint64(at, BigInt(filetypeOf(descriptor)), true);
      view.setUint16(at + 2, descriptor.flags, true);
      view.setBigUint64(at + 8, BigInt(descriptor.base), true);
      view.setBigUint64(at + 16, BigInt(descriptor.inheriting), true);
      return errno.success;
    },

    fd_fdstat_set_flags(fd: number, flags: number): number {
      const descriptor = descriptors.get(fd);
      requireRight(descriptor, right.fdFdstatSetFlags);
      if ((flags & ~fdflag.all) !== 0) return errno.inval;
      if ((flags & syncFlags & ~descriptor.flags) !== 0) return errno.notsup;
      if (descriptor.kind === 'file') descriptor.file.setAppending((flags & fdflag.append) !== 0);
      descriptor.flags = flags;
      return errno.success;
    },

    fd_fdstat_set_rights(fd: number, base: bigint, inheriting: bigint): number {
      setRights(descriptors.get(fd), BigInt.asUintN(64, base), BigInt.asUintN(64, inheriting));
      return errno.success;
    },

    fd_filestat_get(fd: number, result: number): number {
      const descriptor = descriptors.get(fd);
      requireRight(descriptor, right.fdFilestatGet);
      const at = memory.check(result, snapshot.filestatBytes);
      snapshot.putFilestat(memory.view(), at, statOf(descriptor));
      return errno.success;
    },

    fd_filestat_set_size(fd: number, size: bigint): number {
      const descriptor = descriptors.get(fd);
      requireRight(descriptor, right.fdFilestatSetSize);
      if (descriptor.kind !== 'file') return errno.inval;
      if (size < 0n || size > BigInt(Number.MAX_SAFE_INTEGER)) return errno.fbig;
      descriptor.file.resize(size);
      return errno.success;
    },

    fd_filestat_set_times(fd: number, accessed: bigint, modified: bigint, flags: number): number {
      const descriptor = descriptors.get(fd);
      requireRight(descriptor, right.fdFilestatSetTimes);
      const times = newTimes(accessed, modified, flags, clocks);
      if (descriptor.kind === 'file') descriptor.file.setTimes(times);
      else if (descriptor.kind === 'directory') descriptor.directory.setTimesSelf(times);
      else return errno.badf;
      return errno.success;
    },

    fd_sync(fd: number): number {
      const descriptor = descriptors.get(fd);
      requireRight(descriptor, right.fdSync);
      if (descriptor.kind === 'file') descriptor.file.sync();
      if (descriptor.kind === 'directory') descriptor.directory.sync();
      return errno.success;
    },

    fd_datasync(fd: number): number {
      const descriptor = descriptors.get(fd);
      requireRight(descriptor, right.fdDatasync);
      if (descriptor.kind === 'file') descriptor.file.syncData();
      if (descriptor.kind === 'directory') descriptor.directory.sync();
      return errno.success;
    },
  };
}

/** Of streams nothing of the host's is shown, only their kind. */
function statOf(descriptor: Descriptor) {
  if (descriptor.kind === 'file') return descriptor.file.stat();
  if (descriptor.kind === 'directory') return descriptor.directory.statSelf();
  const type = filetypeOf(descriptor);
  if (type === filetype.socket) return socketStat;
  return type === filetype['character-device'] ? terminalStat : streamStat;
}

const nothing = {
  device: 0n,
  inode: 0n,
  links: 1n,
  size: 0n,
  accessedNs: 0n,
  modifiedNs: 0n,
  changedNs: 0n,
} as const;
const streamStat = { ...nothing, kind: 'unknown' } as const;
const socketStat = { ...nothing, kind: 'socket' } as const;
const terminalStat = { ...nothing, kind: 'character-device' } as const;
