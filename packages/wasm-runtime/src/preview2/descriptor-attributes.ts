import type { CoreHostFunction } from '../component/host-interface.ts';
import type { Clocks } from '../system/clocks.ts';
import { type Descriptor, descriptorType, fileOf } from './descriptor.ts';
import { descriptorKind, putMetadataHash, putStat } from './descriptor-stat.ts';
import { answeringCode, putByte, refuse } from './error-code.ts';
import { newTimes } from './new-times.ts';

/** `no-reuse`. */
const lastAdvice = 5;

/** Methods of `descriptor` about what it is, not what is below it. */
export function descriptorAttributes(clocks: Clocks): Readonly<Record<string, CoreHostFunction>> {
  return {
    '[method]descriptor.get-flags': {
      type: '(i32 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, result: number) =>
        putByte(guest, result, guest.handles.get(descriptorType, self).flags),
    },
    '[method]descriptor.get-type': {
      type: '(i32 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, result: number) =>
        answeringCode(guest, result, 1, () =>
          putByte(guest, result, descriptorKind(statOf(guest.handles.get(descriptorType, self)).kind)),
        ),
    },
    '[method]descriptor.stat': {
      type: '(i32 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, result: number) =>
        answeringCode(guest, result, 8, () =>
          putStat(guest, result, statOf(guest.handles.get(descriptorType, self))),
        ),
    },
    '[method]descriptor.metadata-hash': {
      type: '(i32 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, result: number) =>
        answeringCode(guest, result, 8, () =>
          putMetadataHash(guest, result, statOf(guest.handles.get(descriptorType, self))),
        ),
    },
    '[method]descriptor.is-same-object': {
      type: '(i32 i32) -> (i32)',
      waits: false,
      bind: (guest) => (self: number, other: number) => {
        const one = statOf(guest.handles.get(descriptorType, self));
        const two = statOf(guest.handles.get(descriptorType, other));
        return Number(one.device === two.device && one.inode === two.inode);
      },
    },
    '[method]descriptor.set-size': {
      type: '(i32 i64 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, size: bigint, result: number) =>
        answeringCode(guest, result, 1, () => {
          const { file } = fileOf(guest, self);
          if (size < 0n || size > BigInt(Number.MAX_SAFE_INTEGER)) refuse('file-too-large');
          file.resize(size);
          putByte(guest, result);
        }),
    },
    '[method]descriptor.set-times': {
      type: '(i32 i32 i64 i32 i32 i64 i32 i32) -> ()',
      waits: false,
      bind:
        (guest) =>
        (
          self: number,
          accessedIs: number,
          accessedSeconds: bigint,
          accessedNanoseconds: number,
          modifiedIs: number,
          modifiedSeconds: bigint,
          modifiedNanoseconds: number,
          result: number,
        ) =>
          answeringCode(guest, result, 1, () => {
            const descriptor = guest.handles.get(descriptorType, self);
            const times = newTimes(
              guest,
              clocks,
              [accessedIs, accessedSeconds, accessedNanoseconds],
              [modifiedIs, modifiedSeconds, modifiedNanoseconds],
            );
            if (descriptor.kind === 'file') descriptor.file.setTimes(times);
            else descriptor.directory.setTimesSelf(times);
            putByte(guest, result);
          }),
    },
    '[method]descriptor.sync': flush('sync'),
    '[method]descriptor.sync-data': flush('syncData'),
    /** Advice may be ignored, and Node has no way to pass it on. */
    '[method]descriptor.advise': {
      type: '(i32 i64 i64 i32 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, _offset: bigint, length: bigint, advice: number, result: number) =>
        answeringCode(guest, result, 1, () => {
          if (advice >>> 0 > lastAdvice) guest.trap(`${advice} is no case of an advice`);
          fileOf(guest, self);
          if (length < 0n) refuse('invalid');
          putByte(guest, result);
        }),
    },
  };
}

function flush(how: 'sync' | 'syncData'): CoreHostFunction {
  return {
    type: '(i32 i32) -> ()',
    waits: false,
    bind: (guest) => (self: number, result: number) =>
      answeringCode(guest, result, 1, () => {
        const descriptor = guest.handles.get(descriptorType, self);
        if (descriptor.kind === 'directory') descriptor.directory.sync();
        else descriptor.file[how]();
        putByte(guest, result);
      }),
  };
}

function statOf(descriptor: Descriptor) {
  return descriptor.kind === 'file' ? descriptor.file.stat() : descriptor.directory.statSelf();
}
