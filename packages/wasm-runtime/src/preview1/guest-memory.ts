import { RuntimeError } from '../errors.ts';
import { errno, refuse } from './errno.ts';

/**
 * The guest's linear memory. Each pointer and length is checked against the memory as it is at the call; views are
 * renewed when it has grown. After a wait, ask for `bytes` and `view` again.
 */
export interface GuestMemory {
  attach(memory: WebAssembly.Memory): void;
  /** All of it, as it is now. */
  bytes(): Uint8Array;
  view(): DataView;
  /** What `bytes` has answered last, seen as numbers; spares a second look at the memory. */
  readonly lastView: DataView;
  /** Refuses with EFAULT unless `length` bytes at `pointer` lie in the memory; returns the pointer unsigned. */
  check(pointer: number, length: number): number;
  span(pointer: number, length: number): Uint8Array;
  /** A path or link target: strict UTF-8 without NUL, at most 4,096 bytes. */
  path(pointer: number, length: number): string;
  /**
   * The non-empty buffers of an `iovec` or `ciovec` array; of more than 1,024 the first are taken, and of more than
   * `maxBytes` as many.
   */
  vectors(pointer: number, count: number, maxBytes?: number): Uint8Array[];
  setU32(pointer: number, value: number): void;
  setU64(pointer: number, value: bigint): void;
}

/** PATH_MAX. */
const maxPathBytes = 4_096;
/** IOV_MAX: a longer array is served in part, as a short read or write. */
const maxVectors = 1_024;
export const vectorBytes = 8;
/** The most that one read or write moves, as on Linux; Node takes lengths as int32. */
export const maxTransferBytes = 0x7ffff000;

export function createGuestMemory(): GuestMemory {
  return new LinearMemory();
}

class LinearMemory implements GuestMemory {
  #memory: WebAssembly.Memory | undefined;
  #bytes = new Uint8Array(0);
  /** The same, for strings. */
  #text = Buffer.alloc(0);
  lastView = new DataView(new ArrayBuffer(0));
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
  }

  bytes(): Uint8Array {
    if (this.#memory === undefined) throw calledTooEarly();
    const { buffer } = this.#memory;
    if (this.#bytes.buffer !== buffer) {
      this.#bytes = new Uint8Array(buffer);
      this.#text = Buffer.from(buffer);
      this.lastView = new DataView(buffer);
    }
    return this.#bytes;
  }

  view(): DataView {
    this.bytes();
    return this.lastView;
  }

  check(pointer: number, length: number): number {
    const start = pointer >>> 0;
    if (start + length > this.bytes().length) refuse(errno.fault);
    return start;
  }

  span(pointer: number, length: number): Uint8Array {
    const start = this.check(pointer, length >>> 0);
    return this.#bytes.subarray(start, start + (length >>> 0));
  }

  path(pointer: number, length: number): string {
    const start = this.check(pointer, length >>> 0);
    const end = start + (length >>> 0);
    if (end - start > maxPathBytes) refuse(errno.nametoolong);
    if (this.#isPlain(start, end)) return this.#text.toString('latin1', start, end);
    const span = this.#bytes.subarray(start, end);
    let text: string;
    try {
      // The decoder takes no shared memory.
      text = this.#decoder.decode(span.buffer instanceof SharedArrayBuffer ? span.slice() : span);
    } catch (error) {
      if (error instanceof TypeError) refuse(errno.ilseq);
      throw error;
    }
    if (text.includes('\0')) refuse(errno.inval);
    return text;
  }

  /** ASCII without NUL, as nearly all paths are: those need no decoder, which costs as much as a system call. */
  #isPlain(start: number, end: number): boolean {
    const bytes = this.#bytes;
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte === 0 || byte > 0x7f) return false;
    }
    return true;
  }

  vectors(pointer: number, count: number, maxBytes = maxTransferBytes): Uint8Array[] {
    const taken = Math.min(count >>> 0, maxVectors);
    const start = this.check(pointer, taken * vectorBytes);
    const view = this.lastView;
    const found: Uint8Array[] = [];
    let room = maxBytes;
    for (let at = start; at < start + taken * vectorBytes && room > 0; at += vectorBytes) {
      const span = this.span(view.getUint32(at, true), view.getUint32(at + 4, true));
      const fitting = span.length > room ? span.subarray(0, room) : span;
      if (fitting.length > 0) found.push(fitting);
      room -= fitting.length;
    }
    return found;
  }

  setU32(pointer: number, value: number): void {
    const at = this.check(pointer, 4);
    this.lastView.setUint32(at, value, true);
  }

  setU64(pointer: number, value: bigint): void {
    const at = this.check(pointer, 8);
    this.lastView.setBigUint64(at, value, true);
  }
}

function calledTooEarly(): RuntimeError {
  return new RuntimeError(
    'INVALID_MODULE',
    'the module calls WASI while it is being instantiated (in its start section), before its memory is known; do it in the entry function',
  );
}
