import { RuntimeError } from '../errors.ts';
import { firstReady } from '../system/readiness.ts';
import type { ConnectionDescriptor, Descriptor, InputDescriptor } from './descriptor.ts';
import { type Errno, errno, refuse } from './errno.ts';
import { fdflag } from './flags.ts';
import { maxTransferBytes, vectorBytes } from './guest-memory.ts';
import type { GuestState } from './guest-state.ts';
import type { OutputSink } from './preview1.ts';
import { offer } from './sink-errno.ts';
import { createSend } from './sock-calls.ts';
import { createShortVectors } from './short-vectors.ts';
import { createStaging } from './staging.ts';

/**
 * `fd_read`, `fd_write`, `fd_pread`, `fd_pwrite`. The first two are the hottest calls of most guests: they catch their
 * errors themselves, look at the memory once, and move a few short vectors without a typed array being made for a file.
 */
export function fdDataCalls(guest: GuestState) {
  const { memory, descriptors, waiting, closing, caps, answer, calls } = guest;
  const sendTo = createSend(guest);
  const short = createShortVectors();
  const staging = createStaging();

  function fd_read(fd: number, iovs: number, count: number, result: number): number | Promise<number> {
    try {
      calls.add();
      const descriptor = descriptors.get(fd);
      if (!descriptor.canRead) return refusal(descriptor);
      if (descriptor.kind !== 'file') {
        return 'input' in descriptor ? readInput(descriptor, iovs, count, result) : errno.badf;
      }
      const bytes = memory.bytes();
      const view = memory.lastView;
      const resultAt = result >>> 0;
      if (resultAt + 4 > bytes.length) return errno.fault;
      let moved = 0;
      if (count === 1) {
        const at = iovs >>> 0;
        if (at + vectorBytes > bytes.length) return errno.fault;
        const start = view.getUint32(at, true);
        const length = view.getUint32(at + 4, true);
        if (start + length > bytes.length) return errno.fault;
        if (length > 0) moved = descriptor.file.read(bytes, start, Math.min(length, maxTransferBytes));
      } else if (short.take(bytes, view, iovs, count)) {
        if (short.total > 0) moved = descriptor.file.read(short.buffer, 0, short.total);
        short.scatter(bytes, moved);
      } else {
        const vectors = memory.vectors(iovs, count);
        const room = staging.room(vectors);
        if (room === undefined) moved = descriptor.file.readVectors(vectors);
        else if (room.length > 0) {
          moved = descriptor.file.read(room, 0, room.length);
          staging.scatter(vectors, moved);
        }
      }
      view.setUint32(resultAt, moved, true);
      return errno.success;
    } catch (error) {
      return answer(error);
    }
  }

  function fd_write(fd: number, iovs: number, count: number, result: number): number | Promise<number> {
    try {
      calls.add();
      const descriptor = descriptors.get(fd);
      if (!descriptor.canWrite) return refusal(descriptor);
      if (descriptor.kind === 'connection') return sendTo(descriptor, iovs, count, result);
      const bytes = memory.bytes();
      const view = memory.lastView;
      const resultAt = result >>> 0;
      if (resultAt + 4 > bytes.length) return errno.fault;
      let moved = 0;
      if (count === 1) {
        const at = iovs >>> 0;
        if (at + vectorBytes > bytes.length) return errno.fault;
        const start = view.getUint32(at, true);
        const length = view.getUint32(at + 4, true);
        if (start + length > bytes.length) return errno.fault;
        if (descriptor.kind === 'output') {
          // What is cut off is a short write: the guest offers it again.
          const end = start + Math.min(length, caps.maxCallBytes);
          return writeOutput(descriptor.sink, bytes.subarray(start, end), resultAt);
        }
        if (descriptor.kind !== 'file') return errno.badf;
        if (length > 0) moved = descriptor.file.write(bytes, start, Math.min(length, maxTransferBytes));
      } else if (descriptor.kind === 'file' && short.take(bytes, view, iovs, count)) {
        short.gather(bytes);
        if (short.total > 0) moved = descriptor.file.write(short.buffer, 0, short.total);
      } else {
        const vectors = memory.vectors(
          iovs,
          count,
          descriptor.kind === 'output' ? caps.maxCallBytes : undefined,
        );
        const gathered = staging.gather(vectors);
        if (descriptor.kind === 'output') {
          return gathered === undefined
            ? writeOneByOne(descriptor.sink, vectors, resultAt)
            : writeOutput(descriptor.sink, gathered, resultAt);
        }
        if (descriptor.kind !== 'file') return errno.badf;
        if (gathered === undefined) moved = descriptor.file.writeVectors(vectors);
        else if (gathered.length > 0) moved = descriptor.file.write(gathered, 0, gathered.length);
      }
      view.setUint32(resultAt, moved, true);
      return errno.success;
    } catch (error) {
      return answer(error);
    }
  }

  function fd_pread(fd: number, iovs: number, count: number, offset: bigint, result: number): number {
    const descriptor = descriptors.get(fd);
    if (!descriptor.canRead) return refusal(descriptor);
    if (descriptor.kind !== 'file') return errno.spipe;
    memory.check(result, 4);
    const position = positionOf(offset);
    const vectors = memory.vectors(iovs, count);
    const only = vectors.length === 1 ? vectors[0] : undefined;
    const moved =
      only === undefined
        ? descriptor.file.readVectorsAt(position, vectors)
        : descriptor.file.readAt(position, only, 0, only.length);
    memory.setU32(result, moved);
    return errno.success;
  }

  function fd_pwrite(fd: number, iovs: number, count: number, offset: bigint, result: number): number {
    const descriptor = descriptors.get(fd);
    if (!descriptor.canWrite) return refusal(descriptor);
    if (descriptor.kind !== 'file') return errno.spipe;
    memory.check(result, 4);
    const position = positionOf(offset);
    const vectors = memory.vectors(iovs, count);
    const only = vectors.length === 1 ? vectors[0] : undefined;
    const moved =
      only === undefined
        ? descriptor.file.writeVectorsAt(position, vectors)
        : descriptor.file.writeAt(position, only, 0, only.length);
    memory.setU32(result, moved);
    return errno.success;
  }

  function readInput(
    descriptor: InputDescriptor | ConnectionDescriptor,
    iovs: number,
    count: number,
    result: number,
  ): number | Promise<number> {
    memory.check(result, 4);
    const into = memory.vectors(iovs, count)[0];
    const moved = into === undefined ? 0 : descriptor.input.readNow(into);
    if (moved === undefined) return readLater(descriptor, iovs, count, result);
    memory.setU32(result, moved);
    return errno.success;
  }

  /** Non-blocking reads give the event loop one turn, or a guest that asks in a loop would never see its input. */
  async function readLater(
    { input, flags }: InputDescriptor | ConnectionDescriptor,
    iovs: number,
    count: number,
    result: number,
  ): Promise<number> {
    try {
      if (waiting === 'sync') throw cannotSuspend('reads its standard input');
      const nonblocking = (flags & fdflag.nonblock) !== 0;
      for (;;) {
        await firstReady([input.readable], nonblocking ? 0 : Number.POSITIVE_INFINITY, closing);
        const into = memory.vectors(iovs, count)[0];
        const moved = into === undefined ? 0 : input.readNow(into);
        if (moved !== undefined) {
          memory.setU32(result, moved);
          return errno.success;
        }
        if (nonblocking) return errno.again;
      }
    } catch (error) {
      return answer(error);
    }
  }

  function writeOutput(sink: OutputSink, chunk: Uint8Array, resultAt: number): number | Promise<number> {
    const told = (written: Errno): Errno => {
      if (written === errno.success) memory.setU32(resultAt, chunk.length);
      return written;
    };
    const written = chunk.length === 0 ? errno.success : offer(sink, chunk);
    if (typeof written === 'number') return told(written);
    if (waiting === 'sync') throw cannotSuspend('writes to an output that makes it wait');
    return written.then(told);
  }

  /** Too much to gather: what was written before an error is told as a short write. */
  function writeOneByOne(
    sink: OutputSink,
    vectors: readonly Uint8Array[],
    resultAt: number,
    from = 0,
    before = 0,
  ): number | Promise<number> {
    let total = before;
    let failed: Errno = errno.success;
    for (const [index, chunk] of vectors.slice(from).entries()) {
      const written = offer(sink, chunk);
      if (typeof written !== 'number') {
        if (waiting === 'sync') throw cannotSuspend('writes to an output that makes it wait');
        const soFar = total;
        return written.then((end) => {
          if (end !== errno.success) return finish(soFar, end);
          return writeOneByOne(sink, vectors, resultAt, from + index + 1, soFar + chunk.length);
        });
      }
      failed = written;
      if (failed !== errno.success) break;
      total += chunk.length;
    }
    return finish(total, failed);

    function finish(moved: number, error: Errno): Errno {
      if (moved === 0 && error !== errno.success) return error;
      memory.setU32(resultAt, moved);
      return errno.success;
    }
  }

  return { fd_read, fd_write, fd_pread, fd_pwrite };
}

function refusal(descriptor: Descriptor): Errno {
  return descriptor.kind === 'directory' ? errno.isdir : errno.notcapable;
}

/** Offsets are unsigned for the guest; what Node cannot address is refused as the kernel refuses negative ones. */
function positionOf(offset: bigint): number {
  if (offset < 0n || offset > BigInt(Number.MAX_SAFE_INTEGER)) refuse(errno.inval);
  return Number(offset);
}

function cannotSuspend(what: string): RuntimeError {
  return new RuntimeError('INVALID_SPEC', `the guest ${what}, which needs waiting: 'suspend'`);
}
