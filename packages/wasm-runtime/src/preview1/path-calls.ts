import { requireDirectory } from './descriptor.ts';
import { errno } from './errno.ts';
import { newTimes } from './new-times.ts';
import { lookup } from './flags.ts';
import type { GuestState } from './guest-state.ts';
import { right } from './rights.ts';
import type { Snapshot } from './snapshot.ts';

/** The `path_*` calls but `path_open`. */
export function pathCalls({ memory, descriptors, clocks }: GuestState, snapshot: Snapshot) {
  const directory = (fd: number, needed: number) => requireDirectory(descriptors.get(fd), needed).directory;

  return {
    path_create_directory(fd: number, path: number, length: number): number {
      directory(fd, right.pathCreateDirectory).createDirectory(memory.path(path, length));
      return errno.success;
    },

    path_remove_directory(fd: number, path: number, length: number): number {
      directory(fd, right.pathRemoveDirectory).removeDirectory(memory.path(path, length));
      return errno.success;
    },

    path_unlink_file(fd: number, path: number, length: number): number {
      directory(fd, right.pathUnlinkFile).unlink(memory.path(path, length));
      return errno.success;
    },

    path_filestat_get(fd: number, flags: number, path: number, length: number, result: number): number {
      const from = directory(fd, right.pathFilestatGet);
      const at = memory.check(result, snapshot.filestatBytes);
      const stat = from.stat(memory.path(path, length), follows(flags));
      snapshot.putFilestat(memory.view(), at, stat);
      return errno.success;
    },

    path_filestat_set_times(
      fd: number,
      flags: number,
      path: number,
      length: number,
      accessed: bigint,
      modified: bigint,
      which: number,
    ): number {
      const from = directory(fd, right.pathFilestatSetTimes);
      const times = newTimes(accessed, modified, which, clocks);
      from.setTimes(memory.path(path, length), follows(flags), times);
      return errno.success;
    },

    /** A target longer than the buffer is cut, as by readlink(2). */
    path_readlink(
      fd: number,
      path: number,
      length: number,
      buffer: number,
      bufferLength: number,
      result: number,
    ): number {
      const from = directory(fd, right.pathReadlink);
      const into = memory.span(buffer, bufferLength);
      memory.check(result, 4);
      const target = from.readLink(memory.path(path, length)).subarray(0, into.length);
      into.set(target);
      memory.setU32(result, target.length);
      return errno.success;
    },

    path_symlink(target: number, targetLength: number, fd: number, path: number, length: number): number {
      const text = memory.path(target, targetLength);
      directory(fd, right.pathSymlink).symlink(text, memory.path(path, length));
      return errno.success;
    },

    /** Links are made to the named file itself; following a symlink first is not offered. */
    path_link(
      fd: number,
      flags: number,
      path: number,
      length: number,
      newFd: number,
      newPath: number,
      newLength: number,
    ): number {
      if (follows(flags)) return errno.inval;
      const from = directory(fd, right.pathLinkSource);
      const to = directory(newFd, right.pathLinkTarget);
      from.link(memory.path(path, length), to, memory.path(newPath, newLength));
      return errno.success;
    },

    path_rename(
      fd: number,
      path: number,
      length: number,
      newFd: number,
      newPath: number,
      newLength: number,
    ): number {
      const from = directory(fd, right.pathRenameSource);
      const to = directory(newFd, right.pathRenameTarget);
      from.rename(memory.path(path, length), to, memory.path(newPath, newLength));
      return errno.success;
    },
  };
}

function follows(flags: number): boolean {
  return (flags & lookup.symlinkFollow) !== 0;
}
