import { isStackOverflow } from './host-call.ts';
import type { Descriptor, FileDescriptor, InputDescriptor, OutputDescriptor } from './descriptor.ts';
import { type Errno, errno, errnoOf, refuse } from './errno.ts';
import { fdflag } from './flags.ts';
import { maxTransferBytes, vectorBytes } from './guest-memory.ts';
import type { GuestState } from './guest-state.ts';
import type { OutputSink } from './preview1.ts';
import { firstReady } from '../system/readiness.ts';
import { RuntimeError } from '../errors.ts';

/** Vectors up to this many bytes go to a sink as one chunk, so that a line in two vectors stays one line. */
const gatherBytes = 65_536;

/**
 * `fd_read`, `fd_write`, `fd_pread`, `fd_pwrite`. The first two are the hottest calls of most guests: they catch
 * their errors themselves, and one vector to or from a file moves without a typed array being made.
 */
export function fdDataCalls({ memory, descriptors, waiting, closing }: GuestState) {
  function fd_read(fd: number, iovs: number, count: number, result: number): number | Promise<number> {
    try {
      const descriptor = descriptors.get(fd);
      if (!descriptor.canRead) return refusal(descriptor);
      const resultAt = memory.check(result, 4);
      if (descriptor.kind === 'file') {
        const moved =
          count === 1 ? readOne(descriptor, iovs) : descriptor.file.readVectors(memory.vectors(iovs, count));
        memory.view().setUint32(resultAt, moved, true);
        return errno.success;
      }
      if (descriptor.kind !== 'input') return refusal(descriptor);
      return readInput(descriptor, iovs, count, resultAt);
    } catch (error) {
      return errnoOf(error);
    }
  }

  function fd_write(fd: number, iovs: number, count: number, result: number): number | Promise<number> {
    try {
      const descriptor = descriptors.get(fd);
      if (!descriptor.canWrite) return refusal(descriptor);
      const resultAt = memory.check(result, 4);
      if (descriptor.kind === 'file') {
        const moved =
          count === 1
            ? writeOne(descriptor, iovs)
            : descriptor.file.writeVectors(memory.vectors(iovs, count));
        memory.view().setUint32(resultAt, moved, true);
        return errno.success;
      }
      if (descriptor.kind !== 'output') return refusal(descriptor);
      return writeOutput(descriptor, iovs, count, resultAt);
    } catch (error) {
      return errnoOf(error);
    }
  }

  function fd_pread(fd: number, iovs: number, count: number, offset: bigint, result: number): number {
    const descriptor = descriptors.get(fd);
    if (!descriptor.canRead) return refusal(descriptor);
    if (descriptor.kind !== 'file') return errno.spipe;
    const resultAt = memory.check(result, 4);
    const moved = descriptor.file.readVectors(memory.vectors(iovs, count), positionOf(offset));
    memory.view().setUint32(resultAt, moved, true);
    return errno.success;
  }

  function fd_pwrite(fd: number, iovs: number, count: number, offset: bigint, result: number): number {
    const descriptor = descriptors.get(fd);
    if (!descriptor.canWrite) return refusal(descriptor);
    if (descriptor.kind !== 'file') return errno.spipe;
    const resultAt = memory.check(result, 4);
    const moved = descriptor.file.writeVectors(memory.vectors(iovs, count), positionOf(offset));
    memory.view().setUint32(resultAt, moved, true);
    return errno.success;
  }

  function readOne({ file }: FileDescriptor, iovs: number): number {
    const at = memory.check(iovs, vectorBytes);
    const view = memory.view();
    const length = view.getUint32(at + 4, true);
    const start = memory.check(view.getUint32(at, true), length);
    if (length === 0) return 0;
    return file.read(memory.bytes(), start, Math.min(length, maxTransferBytes));
  }

  function writeOne({ file }: FileDescriptor, iovs: number): number {
    const at = memory.check(iovs, vectorBytes);
    const view = memory.view();
    const length = view.getUint32(at + 4, true);
    const start = memory.check(view.getUint32(at, true), length);
    if (length === 0) return 0;
    return file.write(memory.bytes(), start, Math.min(length, maxTransferBytes));
  }

  function readInput(
    descriptor: InputDescriptor,
    iovs: number,
    count: number,
    resultAt: number,
  ): number | Promise<number> {
    const vectors = memory.vectors(iovs, count);
    const first = vectors[0];
    const moved = first === undefined ? 0 : descriptor.input.readNow(first);
    if (moved === undefined) return readLater(descriptor, iovs, count, resultAt);
    memory.view().setUint32(resultAt, moved, true);
    return errno.success;
  }

  /** Non-blocking reads give the event loop one turn, or a guest that asks in a loop would never see its input. */
  async function readLater(
    { input, flags }: InputDescriptor,
    iovs: number,
    count: number,
    resultAt: number,
  ): Promise<number> {
    try {
      if (waiting === 'sync') throw cannotSuspend('reads its standard input');
      const nonblocking = (flags & fdflag.nonblock) !== 0;
      for (;;) {
        await firstReady([input.readable], nonblocking ? 0 : Number.POSITIVE_INFINITY, closing);
        const moved = input.readNow(memory.vectors(iovs, count)[0] ?? new Uint8Array(0));
        if (moved !== undefined) {
          memory.view().setUint32(resultAt, moved, true);
          return errno.success;
        }
        if (nonblocking) return errno.again;
      }
    } catch (error) {
      return errnoOf(error);
    }
  }

  function writeOutput(
    { sink }: OutputDescriptor,
    iovs: number,
    count: number,
    resultAt: number,
  ): number | Promise<number> {
    const chunks = gathered(memory.vectors(iovs, count));
    let total = 0;
    for (const [index, chunk] of chunks.entries()) {
      const written = offer(sink, chunk);
      if (written instanceof Promise) {
        if (waiting === 'sync') throw cannotSuspend('writes to an output that makes it wait');
        return writeRest(sink, written, chunks, index, total, resultAt);
      }
      if (written !== errno.success) {
        if (total === 0) return written;
        break;
      }
      total += chunk.length;
    }
    memory.view().setUint32(resultAt, total, true);
    return errno.success;
  }

  async function writeRest(
    sink: OutputSink,
    pending: Promise<Errno>,
    chunks: readonly Uint8Array[],
    from: number,
    before: number,
    resultAt: number,
  ): Promise<number> {
    let total = before;
    let written = await pending;
    for (let index = from; written === errno.success; ) {
      total += chunks[index]?.length ?? 0;
      index += 1;
      const next = chunks[index];
      if (next === undefined) break;
      written = await offer(sink, next);
    }
    if (total === 0 && written !== errno.success) return written;
    memory.view().setUint32(resultAt, total, true);
    return errno.success;
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

function gathered(vectors: readonly Uint8Array[]): readonly Uint8Array[] {
  if (vectors.length < 2) return vectors;
  const total = vectors.reduce((sum, vector) => sum + vector.length, 0);
  if (total > gatherBytes) return vectors;
  const chunk = new Uint8Array(total);
  let at = 0;
  for (const vector of vectors) {
    chunk.set(vector, at);
    at += vector.length;
  }
  return [chunk];
}

function offer(sink: OutputSink, chunk: Uint8Array): Errno | Promise<Errno> {
  try {
    const written = sink.write(chunk);
    return written === undefined ? errno.success : written.then(() => errno.success, sinkErrno);
  } catch (error) {
    return sinkErrno(error);
  }
}

/** A sink that fails is the guest's I/O error, whatever it throws. */
function sinkErrno(error: unknown): Errno {
  if (isStackOverflow(error)) throw error;
  try {
    return errnoOf(error);
  } catch {
    return errno.io;
  }
}

function cannotSuspend(what: string): RuntimeError {
  return new RuntimeError('INVALID_SPEC', `the guest ${what}, which needs waiting: 'suspend'`);
}
