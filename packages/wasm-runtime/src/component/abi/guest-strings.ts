import { isUtf8 } from 'node:buffer';
import type { StringEncoding } from '@wasmlet/wasm-binary';

/** How strings of one encoding lie in a memory. Lengths are what the guest is told: bytes, or units of two. */
export interface StringCodec {
  readonly alignment: 1 | 2;
  /** Bytes that so many units take. */
  bytesOf(length: number): number;
  /** Whether a string of that length is moved to another memory of the encoding as it lies there. */
  isMovedWhole(length: number): boolean;
  isValid(bytes: Uint8Array): boolean;
  /** Answers nothing for what is not valid. */
  decode(bytes: Uint8Array, length: number): string | undefined;
  encode(text: string): { readonly bytes: Uint8Array; readonly length: number };
}

/** Bit of a length of `latin1+utf16` that says which of the two it is. */
const utf16Tag = 0x8000_0000;

export function stringCodec(encoding: StringEncoding): StringCodec {
  switch (encoding) {
    case 'utf8':
      return utf8;
    case 'utf16':
      return utf16;
    case 'latin1+utf16':
      return latin1OrUtf16;
  }
}

const utf8: StringCodec = {
  alignment: 1,
  bytesOf: (length) => length,
  isMovedWhole: () => true,
  isValid: (bytes) => isUtf8(bytes),
  decode(bytes) {
    if (bytes.length <= shortBytes) {
      const text = decodeAscii(bytes);
      if (text !== undefined) return text;
    }
    // Validated and decoded apart: together, by a TextDecoder, takes longer.
    return isUtf8(bytes) ? asBuffer(bytes).utf8Slice() : undefined;
  },
  encode(text) {
    const bytes = Buffer.from(text, 'utf8');
    return { bytes, length: bytes.length };
  },
};

/** Up to this many, a loop takes less time than calls into the engine. */
const shortBytes = 24;

function decodeAscii(bytes: Uint8Array): string | undefined {
  let text = '';
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (byte > 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

const utf16: StringCodec = {
  alignment: 2,
  bytesOf: (length) => length * 2,
  isMovedWhole: () => true,
  isValid: (bytes) => asBuffer(bytes).ucs2Slice().isWellFormed(),
  decode(bytes) {
    const text = asBuffer(bytes).ucs2Slice();
    return text.isWellFormed() ? text : undefined;
  },
  encode(text) {
    const bytes = Buffer.from(text.toWellFormed(), 'utf16le');
    return { bytes, length: bytes.length / 2 };
  },
};

const latin1OrUtf16: StringCodec = {
  alignment: 2,
  bytesOf: (length) => (length >= utf16Tag ? (length - utf16Tag) * 2 : length),
  // What fits Latin-1 becomes that on the way.
  isMovedWhole: (length) => length < utf16Tag,
  isValid: () => true,
  decode(bytes, length) {
    return length >= utf16Tag ? utf16.decode(bytes, length) : asBuffer(bytes).latin1Slice();
  },
  encode(text) {
    if (isLatin1(text)) {
      const bytes = Buffer.from(text, 'latin1');
      return { bytes, length: bytes.length };
    }
    const { bytes, length } = utf16.encode(text);
    return { bytes, length: length + utf16Tag };
  },
};

function isLatin1(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0xff) return false;
  return true;
}

function asBuffer(bytes: Uint8Array): Buffer & BufferSlices {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as Buffer & BufferSlices;
}

/** What `toString` does for an encoding, without a look at which. */
interface BufferSlices {
  utf8Slice(): string;
  ucs2Slice(): string;
  latin1Slice(): string;
}
