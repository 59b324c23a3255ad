import { OciError } from '../errors.ts';

export const blockBytes = 512;

/** One header block of an archive (POSIX pax, and GNU tar's older forms). */
export interface TarHeader {
  readonly name: string;
  readonly linkName: string;
  /** Of the content that follows, before padding. */
  readonly size: number;
  /** The type flag. */
  readonly flag: string;
}

/** Throws {@link OciError} `INVALID_LAYER` when the block is no header. */
export function readTarHeader(block: Uint8Array): TarHeader {
  const field = (start: number, length: number): Uint8Array => block.subarray(start, start + length);
  if (octal(field(148, 8)) !== checksum(block)) {
    throw new OciError('INVALID_LAYER', 'a file system layer is no tar archive, or a damaged one');
  }
  const name = text(field(0, 100));
  // GNU's magic has no prefix field; what is in its place are times.
  const isPosix = text(field(257, 6)) === 'ustar';
  const prefix = isPosix && block[262] === 0 ? text(field(345, 155)) : '';
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: text(field(157, 100)),
    size: readNumber(field(124, 12)),
    flag: String.fromCharCode(block[156] ?? 0),
  };
}

/** Unsigned sum of the block's bytes, those of the sum itself taken for blanks. */
function checksum(block: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < blockBytes; at += 1) sum += at >= 148 && at < 156 ? 0x20 : (block[at] ?? 0);
  return sum;
}

function text(field: Uint8Array): string {
  const end = field.indexOf(0);
  return Buffer.from(end === -1 ? field : field.subarray(0, end)).toString();
}

/** Octal digits, or GNU's big-endian number when the highest bit is set. */
function readNumber(field: Uint8Array): number {
  const value = ((field[0] ?? 0) & 0x80) === 0 ? octal(field) : bigEndian(field);
  if (!Number.isSafeInteger(value)) throw badNumber();
  return value;
}

/** NaN for what is no octal number; nothing at all is 0. */
function octal(field: Uint8Array): number {
  const digits = text(field).trim();
  if (!/^[0-7]*$/.test(digits)) return Number.NaN;
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

/** NaN for negative ones. */
function bigEndian([first = 0, ...rest]: Uint8Array): number {
  return first === 0x80 ? rest.reduce((value, byte) => value * 256 + byte, 0) : Number.NaN;
}

function badNumber(): OciError {
  return new OciError('INVALID_LAYER', 'a file system layer has an entry with a number that is none');
}
