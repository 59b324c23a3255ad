import { WasmBinaryError } from '../errors.ts';

/** Reads a debug section forward between two offsets and never beyond; numbers beyond 2^53 lose their last digits. */
export interface DwarfReader {
  readonly offset: number;
  readonly atEnd: boolean;
  byte(): number;
  /** Little-endian, of so many bytes. */
  unsigned(bytes: 2 | 4 | 8): number;
  signedByte(): number;
  /** Unsigned LEB128. */
  uleb(): number;
  /** Signed LEB128. */
  sleb(): number;
  /** Text that ends with a zero byte; what is beyond `maxTextBytes` is left out. */
  text(): string;
  skip(length: number): void;
  /** A reader of the next `length` bytes, which this one skips. */
  part(length: number): DwarfReader;
  /** A reader of all that is left, which this one does not skip. */
  rest(): DwarfReader;
  fail(message: string): never;
}

/** Longest text that is read, in bytes. */
export const maxTextBytes = 1_024;

/** Longest number, in bytes: they may be padded. */
const maxLebBytes = 16;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

export function createDwarfReader(bytes: Uint8Array, start = 0, end: number = bytes.length): DwarfReader {
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
  const unsigned = (length: number): number => {
    need(length);
    let value = 0;
    for (let index = length - 1; index >= 0; index -= 1) value = value * 256 + (bytes[at + index] as number);
    at += length;
    return value;
  };
  /** The number as if it were unsigned, and what its sign would take away. */
  const leb = (): readonly [value: number, negative: number] => {
    let value = 0;
    let unit = 1;
    for (let left = maxLebBytes; left > 0; left -= 1) {
      const next = byte();
      value += (next & 0x7f) * unit;
      unit *= 128;
      if (next < 0x80) return [value, next & 0x40 ? unit : 0];
    }
    return fail(`a number of more than ${maxLebBytes} bytes`);
  };

  return {
    get offset() {
      return at;
    },
    get atEnd() {
      return at >= end;
    },
    byte,
    unsigned,
    signedByte: () => (byte() << 24) >> 24,
    uleb: () => leb()[0],
    sleb() {
      const [value, negative] = leb();
      return value - negative;
    },
    text() {
      const begin = at;
      const zero = bytes.subarray(0, end).indexOf(0, at);
      if (zero < 0) fail('text without an end');
      at = zero + 1;
      return utf8.decode(bytes.subarray(begin, Math.min(zero, begin + maxTextBytes)));
    },
    skip(length) {
      need(length);
      at += length;
    },
    part(length) {
      need(length);
      const part = createDwarfReader(bytes, at, at + length);
      at += length;
      return part;
    },
    rest: () => createDwarfReader(bytes, at, end),
    fail,
  };
}
