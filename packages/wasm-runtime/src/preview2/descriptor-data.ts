import type { CoreHostFunction } from '../component/host-interface.ts';
import { descriptorFlag, descriptorType, type FileDescriptor, fileOf } from './descriptor.ts';
import { answeringCode, putHandle, refuse } from './error-code.ts';
import { FileSink, FileSource } from './file-streams.ts';
import { maxReadBytes } from './input-functions.ts';
import { inputStream, outputStream } from './io-resources.ts';
import type { OpenFiles } from './open-files.ts';

/** Methods of `descriptor` that move a file's bytes. */
export function descriptorData(openFiles: OpenFiles): Readonly<Record<string, CoreHostFunction>> {
  let staging: Uint8Array | undefined;

  return {
    '[method]descriptor.read': {
      type: '(i32 i64 i64 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, length: bigint, offset: bigint, result: number) =>
        answeringCode(guest, result, 4, () => {
          const { file } = fileOf(guest, self);
          const wanted = length < 0n || length > maxReadBytes ? maxReadBytes : Number(length);
          const into = (staging ??= new Uint8Array(maxReadBytes));
          const moved = file.readAt(positionOf(offset), into, 0, wanted);
          const at = guest.check(result, 16, 4);
          guest.storeBytes(at + 4, into.subarray(0, moved));
          guest.view().setUint8(at + 12, moved === 0 ? 1 : 0);
          guest.view().setUint8(at, 0);
        }),
    },
    '[method]descriptor.write': {
      type: '(i32 i32 i32 i64 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, pointer: number, length: number, offset: bigint, result: number) =>
        answeringCode(guest, result, 8, () => {
          const { file } = writable(fileOf(guest, self));
          const bytes = guest.span(pointer, length);
          const moved = file.writeAt(positionOf(offset), bytes, 0, Math.min(bytes.length, maxTransferBytes));
          const at = guest.check(result, 16, 8);
          guest.view().setBigUint64(at + 8, BigInt(moved), true);
          guest.view().setUint8(at, 0);
        }),
    },
    '[method]descriptor.read-via-stream': {
      type: '(i32 i64 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, offset: bigint, result: number) =>
        answeringCode(guest, result, 4, () => {
          const descriptor = guest.handles.get(descriptorType, self);
          if (descriptor.kind === 'directory') refuse('is-directory');
          const position = positionOf(offset);
          const source = new FileSource(descriptor.file, position, descriptor.share());
          putHandle(guest, result, guest.handles.insert(inputStream, source));
        }),
    },
    '[method]descriptor.write-via-stream': {
      type: '(i32 i64 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, offset: bigint, result: number) =>
        answeringCode(guest, result, 4, () => {
          const descriptor = writable(fileOf(guest, self));
          const position = positionOf(offset);
          const sink = new FileSink(descriptor.file, position, descriptor.share());
          putHandle(guest, result, guest.handles.insert(outputStream, sink));
        }),
    },
    '[method]descriptor.append-via-stream': {
      type: '(i32 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, result: number) =>
        answeringCode(guest, result, 4, () => {
          const { file } = writable(fileOf(guest, self));
          openFiles.requireRoom();
          const appended = file.openAppending();
          const sink = new FileSink(
            appended,
            'end',
            openFiles.hold(() => appended.close()),
          );
          putHandle(guest, result, guest.handles.insert(outputStream, sink));
        }),
    },
  };
}

/** The most that one write moves, as on Linux; Node takes lengths as int32. */
const maxTransferBytes = 0x7fff_f000;

function writable(descriptor: FileDescriptor): FileDescriptor {
  if (descriptor.file.readOnly) refuse('read-only');
  if ((descriptor.flags & descriptorFlag.write) === 0) refuse('bad-descriptor');
  return descriptor;
}

/** Offsets are unsigned for the guest; the kernel refuses those that it takes for negative. */
function positionOf(offset: bigint): number {
  if (offset < 0n) refuse('invalid');
  if (offset > BigInt(Number.MAX_SAFE_INTEGER)) refuse('file-too-large');
  return Number(offset);
}
