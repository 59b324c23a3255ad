import type { CoreHostFunction } from '../component/host-interface.ts';
import type { OpenRequest } from '../system/open-spot.ts';
import {
  DirectoryDescriptor,
  descriptorFlag,
  descriptorType,
  FileDescriptor,
  directoryOf,
  follows,
  readPath,
} from './descriptor.ts';
import { answeringCode, putHandle, refuse } from './error-code.ts';
import type { OpenFiles } from './open-files.ts';

/** `open-flags`. */
const openFlag = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;

/** `open-at` of `descriptor`. */
export function pathOpen(openFiles: OpenFiles): Readonly<Record<string, CoreHostFunction>> {
  return {
    '[method]descriptor.open-at': {
      type: '(i32 i32 i32 i32 i32 i32 i32) -> ()',
      waits: false,
      bind:
        (guest) =>
        (
          self: number,
          pathFlags: number,
          path: number,
          length: number,
          openFlags: number,
          flags: number,
          result: number,
        ) =>
          answeringCode(guest, result, 4, () => {
            const parent = directoryOf(guest, self);
            const request = requestOf(pathFlags, openFlags, flags);
            openFiles.requireRoom();
            const opened = parent.open(readPath(guest, path, length), request);
            const descriptor =
              'list' in opened
                ? new DirectoryDescriptor(opened, flags & ofDirectories, openFiles)
                : new FileDescriptor(opened, flagsOf(request, flags), openFiles);
            putHandle(guest, result, guest.handles.insert(descriptorType, descriptor));
          }),
    },
  };
}

const ofDirectories = descriptorFlag.read | descriptorFlag.mutateDirectory;
const syncFlags =
  descriptorFlag.fileIntegritySync | descriptorFlag.dataIntegritySync | descriptorFlag.requestedWriteSync;

/** What is not opened for writing is opened for reading, whatever is asked for. */
function requestOf(pathFlags: number, openFlags: number, flags: number): OpenRequest {
  const create = (openFlags & openFlag.create) !== 0;
  const exclusive = (openFlags & openFlag.exclusive) !== 0;
  const truncate = (openFlags & openFlag.truncate) !== 0;
  const directory = (openFlags & openFlag.directory) !== 0;
  if (directory && (create || exclusive || truncate)) refuse('invalid');
  const write = (flags & descriptorFlag.write) !== 0;
  const syncAll = (flags & (descriptorFlag.fileIntegritySync | descriptorFlag.requestedWriteSync)) !== 0;
  return {
    read: !write || (flags & descriptorFlag.read) !== 0,
    write: write || create || truncate,
    create,
    exclusive: create && exclusive,
    truncate,
    append: false,
    sync: syncAll ? 'all' : (flags & descriptorFlag.dataIntegritySync) !== 0 ? 'data' : 'none',
    directory,
    // Exclusive creation never goes through a link, as in POSIX.
    follow: follows(pathFlags) && !(create && exclusive),
  };
}

function flagsOf({ read, write }: OpenRequest, flags: number): number {
  return (read ? descriptorFlag.read : 0) | (write ? descriptorFlag.write : 0) | (flags & syncFlags);
}
