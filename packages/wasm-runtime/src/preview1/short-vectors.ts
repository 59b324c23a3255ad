import { vectorBytes } from './guest-memory.ts';

const maxVectors = 8;
const maxBytes = 8_192;
/** Up to here a loop is faster than a typed array that has to be made. */
const loopBytes = 64;

/**
 * A few short vectors, as C libraries pass them with each call: their buffer and what did not fit into it. They are moved
 * through one buffer, and nothing is made for them.
 */
export interface ShortVectors {
  /** Looks at an array of them. `false`: they are not few and short, or not within the memory. */
  take(bytes: Uint8Array, view: DataView, iovs: number, count: number): boolean;
  /** Of those that were taken last. */
  readonly total: number;
  readonly buffer: Uint8Array;
  /** Copies their bytes into the buffer. */
  gather(bytes: Uint8Array): void;
  /** Hands out the first `moved` bytes of the buffer to them. */
  scatter(bytes: Uint8Array, moved: number): void;
}

export function createShortVectors(): ShortVectors {
  return new Vectors();
}

class Vectors implements ShortVectors {
  total = 0;
  readonly buffer = new Uint8Array(maxBytes);
  #count = 0;
  readonly #starts = new Float64Array(maxVectors);
  readonly #lengths = new Float64Array(maxVectors);

  take(bytes: Uint8Array, view: DataView, iovs: number, count: number): boolean {
    const at = iovs >>> 0;
    if (count < 0 || count > maxVectors || at + count * vectorBytes > bytes.length) return false;
    let total = 0;
    for (let index = 0; index < count; index += 1) {
      const start = view.getUint32(at + index * vectorBytes, true);
      const length = view.getUint32(at + index * vectorBytes + 4, true);
      total += length;
      if (total > maxBytes || start + length > bytes.length) return false;
      this.#starts[index] = start;
      this.#lengths[index] = length;
    }
    this.#count = count;
    this.total = total;
    return true;
  }

  gather(bytes: Uint8Array): void {
    let at = 0;
    for (let index = 0; index < this.#count; index += 1) {
      const length = this.#lengths[index] ?? 0;
      copy(bytes, this.#starts[index] ?? 0, this.buffer, at, length);
      at += length;
    }
  }

  scatter(bytes: Uint8Array, moved: number): void {
    let at = 0;
    for (let index = 0; index < this.#count && at < moved; index += 1) {
      const length = Math.min(this.#lengths[index] ?? 0, moved - at);
      copy(this.buffer, at, bytes, this.#starts[index] ?? 0, length);
      at += length;
    }
  }
}

function copy(from: Uint8Array, start: number, into: Uint8Array, at: number, length: number): void {
  if (length > loopBytes) {
    into.set(from.subarray(start, start + length), at);
    return;
  }
  for (let index = 0; index < length; index += 1) into[at + index] = from[start + index] ?? 0;
}
