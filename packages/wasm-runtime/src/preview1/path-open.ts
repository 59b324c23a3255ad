import type { OpenDirectory } from '../system/open-directory.ts';
import type { OpenRequest } from '../system/open-spot.ts';
import { type Descriptor, requireDirectory } from './descriptor.ts';
import { errno } from './errno.ts';
import { fdflag, lookup, oflag } from './flags.ts';
import type { GuestState } from './guest-state.ts';
import { directoryRights, fileRights, right, rightsFrom } from './rights.ts';

/** `path_open`. It catches its errors itself: passing nine arguments on would cost more than the rest of the call. */
export function pathOpenCalls({ memory, descriptors, answer, calls }: GuestState) {
  function path_open(
    fd: number,
    lookupFlags: number,
    pathAt: number,
    pathLength: number,
    oflags: number,
    base: bigint,
    inheriting: bigint,
    fdflags: number,
    result: number,
  ): number {
    try {
      calls.add();
      const parent = requireDirectory(descriptors.get(fd), rightsFor(oflags));
      if ((fdflags & ~fdflag.all) !== 0) return errno.inval;
      if ((oflags & oflag.directory) !== 0 && (oflags & (oflag.creat | oflag.excl | oflag.trunc)) !== 0) {
        return errno.inval;
      }
      const path = memory.path(pathAt, pathLength);
      memory.check(result, 4);
      descriptors.requireRoom();
      // Rights that cannot apply are dropped rather than refused: C libraries ask for all there are.
      const rights = rightsFrom(base) & (parent.inheriting | directoryRights);
      const flags = (rights & right.fdWrite) === 0 ? fdflags & ~syncFlags : fdflags;
      const opened = parent.directory.open(path, requestOf(lookupFlags, oflags, rights, flags));
      const inherited = rightsFrom(inheriting) & parent.inheriting;
      memory.setU32(result, descriptors.add(descriptorOf(opened, rights, inherited, flags)));
      return errno.success;
    } catch (error) {
      return answer(error);
    }
  }

  return { path_open };
}

const syncFlags = fdflag.dsync | fdflag.rsync | fdflag.sync;

function rightsFor(oflags: number): number {
  let needed: number = right.pathOpen;
  if ((oflags & oflag.creat) !== 0) needed |= right.pathCreateFile;
  if ((oflags & oflag.trunc) !== 0) needed |= right.pathFilestatSetSize;
  return needed;
}

function requestOf(lookupFlags: number, oflags: number, rights: number, flags: number): OpenRequest {
  const create = (oflags & oflag.creat) !== 0;
  const exclusive = (oflags & oflag.excl) !== 0;
  const syncAll = (flags & (fdflag.sync | fdflag.rsync)) !== 0;
  return {
    read: (rights & right.fdRead) !== 0,
    write: (rights & right.fdWrite) !== 0,
    create,
    exclusive,
    truncate: (oflags & oflag.trunc) !== 0,
    append: (flags & fdflag.append) !== 0,
    sync: syncAll ? 'all' : (flags & fdflag.dsync) !== 0 ? 'data' : 'none',
    directory: (oflags & oflag.directory) !== 0,
    // Exclusive creation never goes through a link, as in POSIX.
    follow: (lookupFlags & lookup.symlinkFollow) !== 0 && !(create && exclusive),
  };
}

function descriptorOf(
  opened: ReturnType<OpenDirectory['open']>,
  rights: number,
  inheriting: number,
  flags: number,
): Descriptor {
  if ('list' in opened) {
    const base = (rights & directoryRights) | truncationRights(rights & inheriting);
    return {
      kind: 'directory',
      directory: opened,
      base,
      inheriting,
      flags,
      canRead: false,
      canWrite: false,
    };
  }
  const base = rights & fileRights;
  return {
    kind: 'file',
    file: opened,
    base,
    inheriting,
    flags,
    canRead: (base & right.fdRead) !== 0,
    canWrite: (base & right.fdWrite) !== 0,
  };
}

/**
 * Who may create and write files below a directory may also truncate them: Go's `os.Root` opens directories without
 * that right and then truncates below them.
 */
function truncationRights(rights: number): number {
  return (rights & right.pathCreateFile) === 0 ? 0 : right.pathFilestatSetSize;
}
