import { WasmBinaryError } from './errors.ts';

/** Reads a binary forward between two offsets and never beyond; believes no count or length. */
export interface ByteReader {
  readonly offset: number;
  readonly end: number;
  readonly atEnd: boolean;
  byte(): number;
  /** LEB128, at most 32 bits. */
  u32(): number;
  /** LEB128, at most 64 bits. */
  u64(): bigint;
  /** Skips a signed LEB128 of at most `bits` bits. */
  skipSigned(bits: 32 | 33 | 64): void;
  /** UTF-8 with its length first. */
  name(): string;
  skip(length: number): void;
  /** A count of items of which each takes at least one byte. */
  count(what: string): number;
  /** A reader of the next `length` bytes, which this one skips. */
  section(length: number): ByteReader;
  fail(message: string): never;
}

/** Longest name that is read, in bytes. */
export const maxNameBytes = 100_000;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function createByteReader(bytes: Uint8Array, start = 0, end: number = bytes.length): ByteReader {
  return new Reader(bytes, start, end);
}

/** A class, as there is one for each section and binaries may have many. */
class Reader implements ByteReader {
  readonly #bytes: Uint8Array;
  readonly end: number;
  offset: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.offset = start;
    this.end = end;
  }

  get atEnd(): boolean {
    return this.offset >= this.end;
  }

  byte(): number {
    this.#need(1);
    const byte = this.#bytes[this.offset] as number;
    this.offset += 1;
    return byte;
  }

  u32(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    this.offset -= 1;
    return Number(this.#unsigned(32));
  }

  u64(): bigint {
    return this.#unsigned(64);
  }

  skipSigned(bits: 32 | 33 | 64): void {
    for (let left = Math.ceil(bits / 7); left > 0; left -= 1) if (this.byte() < 0x80) return;
    this.fail(`a number of more than ${bits} bits`);
  }

  name(): string {
    const length = this.u32();
    if (length > maxNameBytes) {
      throw new WasmBinaryError('TOO_LARGE', `a name of ${length} bytes`, this.offset);
    }
    this.#need(length);
    const begin = this.offset;
    this.offset += length;
    try {
      return utf8.decode(this.#bytes.subarray(begin, this.offset));
    } catch {
      throw new WasmBinaryError('MALFORMED', 'a name that is not UTF-8', begin);
    }
  }

  skip(length: number): void {
    this.#need(length);
    this.offset += length;
  }

  count(what: string): number {
    const count = this.u32();
    const left = this.end - this.offset;
    if (count > left) {
      throw new WasmBinaryError('TRUNCATED', `${count} ${what} are announced in ${left} bytes`, this.offset);
    }
    return count;
  }

  section(length: number): ByteReader {
    this.#need(length);
    const part = new Reader(this.#bytes, this.offset, this.offset + length);
    this.offset += length;
    return part;
  }

  fail(message: string): never {
    throw new WasmBinaryError('MALFORMED', message, this.offset);
  }

  #need(length: number): void {
    const left = this.end - this.offset;
    if (length > left) {
      throw new WasmBinaryError('TRUNCATED', `${length} bytes are announced, ${left} follow`, this.offset);
    }
  }

  #unsigned(bits: 32 | 64): bigint {
    let value = 0n;
    for (let shift = 0; ; shift += 7) {
      const next = this.byte();
      value |= BigInt(next & 0x7f) << BigInt(shift);
      if (shift + 7 > bits && next >> (bits - shift) !== 0) this.fail(`a number of more than ${bits} bits`);
      if (next < 0x80) return value;
    }
  }
}
