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
  let at = start;

  const need = (length: number): void => {
    if (length > end - at)
      throw new WasmBinaryError('TRUNCATED', `${length} bytes are announced, ${end - at} follow`, at);
  };
  const fail = (message: string): never => {
    throw new WasmBinaryError('MALFORMED', message, at);
  };
  const byte = (): number => {
    need(1);
    return bytes[at++] as number;
  };
  const u64 = (bits: 32 | 64): bigint => {
    let value = 0n;
    for (let shift = 0; ; shift += 7) {
      const next = byte();
      value |= BigInt(next & 0x7f) << BigInt(shift);
      if (shift + 7 > bits && next >> (bits - shift) !== 0) fail(`a number of more than ${bits} bits`);
      if (next < 0x80) return value;
    }
  };
  const u32 = (): number => {
    const first = byte();
    if (first < 0x80) return first;
    at -= 1;
    return Number(u64(32));
  };

  return {
    get offset() {
      return at;
    },
    end,
    get atEnd() {
      return at >= end;
    },
    byte,
    u32,
    u64: () => u64(64),
    skipSigned(bits) {
      for (let left = Math.ceil(bits / 7); left > 0; left -= 1) if (byte() < 0x80) return;
      fail(`a number of more than ${bits} bits`);
    },
    name() {
      const length = u32();
      if (length > maxNameBytes) throw new WasmBinaryError('TOO_LARGE', `a name of ${length} bytes`, at);
      need(length);
      const begin = at;
      at += length;
      try {
        return utf8.decode(bytes.subarray(begin, at));
      } catch {
        throw new WasmBinaryError('MALFORMED', 'a name that is not UTF-8', begin);
      }
    },
    skip(length) {
      need(length);
      at += length;
    },
    count(what) {
      const count = u32();
      if (count > end - at) {
        throw new WasmBinaryError('TRUNCATED', `${count} ${what} are announced in ${end - at} bytes`, at);
      }
      return count;
    },
    section(length) {
      need(length);
      const part = createByteReader(bytes, at, at + length);
      at += length;
      return part;
    },
    fail,
  };
}
