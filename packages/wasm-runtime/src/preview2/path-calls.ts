import type { CoreHostFunction, GuestView } from '../component/host-interface.ts';
import type { Clocks } from '../system/clocks.ts';
import type { OpenDirectory } from '../system/open-directory.ts';
import { directoryOf, follows, readPath } from './descriptor.ts';
import { putMetadataHash, putStat } from './descriptor-stat.ts';
import { answeringCode, putByte, refuse } from './error-code.ts';
import { newTimes } from './new-times.ts';

/** Methods of `descriptor` on paths below a directory, but `open-at`. */
export function pathCalls(clocks: Clocks): Readonly<Record<string, CoreHostFunction>> {
  return {
    '[method]descriptor.create-directory-at': onPath((directory, path) => directory.createDirectory(path)),
    '[method]descriptor.remove-directory-at': onPath((directory, path) => directory.removeDirectory(path)),
    '[method]descriptor.unlink-file-at': onPath((directory, path) => directory.unlink(path)),
    '[method]descriptor.stat-at': {
      type: '(i32 i32 i32 i32 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, flags: number, path: number, length: number, result: number) =>
        answeringCode(guest, result, 8, () => {
          const directory = directoryOf(guest, self);
          putStat(guest, result, directory.stat(readPath(guest, path, length), follows(flags)));
        }),
    },
    '[method]descriptor.metadata-hash-at': {
      type: '(i32 i32 i32 i32 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, flags: number, path: number, length: number, result: number) =>
        answeringCode(guest, result, 8, () => {
          const directory = directoryOf(guest, self);
          putMetadataHash(guest, result, directory.stat(readPath(guest, path, length), follows(flags)));
        }),
    },
    '[method]descriptor.set-times-at': {
      type: '(i32 i32 i32 i32 i32 i64 i32 i32 i64 i32 i32) -> ()',
      waits: false,
      bind:
        (guest) =>
        (
          self: number,
          flags: number,
          path: number,
          length: number,
          accessedIs: number,
          accessedSeconds: bigint,
          accessedNanoseconds: number,
          modifiedIs: number,
          modifiedSeconds: bigint,
          modifiedNanoseconds: number,
          result: number,
        ) =>
          answeringCode(guest, result, 1, () => {
            const directory = directoryOf(guest, self);
            const times = newTimes(
              guest,
              clocks,
              [accessedIs, accessedSeconds, accessedNanoseconds],
              [modifiedIs, modifiedSeconds, modifiedNanoseconds],
            );
            directory.setTimes(readPath(guest, path, length), follows(flags), times);
            putByte(guest, result);
          }),
    },
    /** Where a link leads outside, as by an absolute path, is not told. */
    '[method]descriptor.readlink-at': {
      type: '(i32 i32 i32 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, path: number, length: number, result: number) =>
        answeringCode(guest, result, 4, () => {
          const target = decoded(directoryOf(guest, self).readLink(readPath(guest, path, length)));
          if (target.startsWith('/')) refuse('not-permitted');
          const at = guest.check(result, 12, 4);
          guest.storeString(at + 4, target);
          guest.view().setUint8(at, 0);
        }),
    },
    '[method]descriptor.symlink-at': {
      type: '(i32 i32 i32 i32 i32 i32) -> ()',
      waits: false,
      bind:
        (guest) =>
        (self: number, target: number, targetLength: number, path: number, length: number, result: number) =>
          answeringCode(guest, result, 1, () => {
            const directory = directoryOf(guest, self);
            const text = readPath(guest, target, targetLength);
            directory.symlink(text, readPath(guest, path, length));
            putByte(guest, result);
          }),
    },
    /** Links are made to the named file itself; following a symlink first is not offered. */
    '[method]descriptor.link-at': {
      type: '(i32 i32 i32 i32 i32 i32 i32 i32) -> ()',
      waits: false,
      bind:
        (guest) =>
        (
          self: number,
          flags: number,
          path: number,
          length: number,
          to: number,
          newPath: number,
          newLength: number,
          result: number,
        ) =>
          answeringCode(guest, result, 1, () => {
            const directory = directoryOf(guest, self);
            const target = directoryOf(guest, to);
            if (follows(flags)) refuse('invalid');
            directory.link(readPath(guest, path, length), target, readPath(guest, newPath, newLength));
            putByte(guest, result);
          }),
    },
    '[method]descriptor.rename-at': {
      type: '(i32 i32 i32 i32 i32 i32 i32) -> ()',
      waits: false,
      bind:
        (guest) =>
        (
          self: number,
          path: number,
          length: number,
          to: number,
          newPath: number,
          newLength: number,
          result: number,
        ) =>
          answeringCode(guest, result, 1, () => {
            const directory = directoryOf(guest, self);
            const target = directoryOf(guest, to);
            directory.rename(readPath(guest, path, length), target, readPath(guest, newPath, newLength));
            putByte(guest, result);
          }),
    },
  };
}

function onPath(act: (directory: OpenDirectory, path: string) => void): CoreHostFunction {
  return {
    type: '(i32 i32 i32 i32) -> ()',
    waits: false,
    bind: (guest: GuestView) => (self: number, path: number, length: number, result: number) =>
      answeringCode(guest, result, 1, () => {
        act(directoryOf(guest, self), readPath(guest, path, length));
        putByte(guest, result);
      }),
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decoded(target: Uint8Array): string {
  try {
    return utf8.decode(target);
  } catch {
    return refuse('illegal-byte-sequence');
  }
}
