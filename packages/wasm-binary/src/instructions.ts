import type { ByteReader } from './byte-reader.ts';

/** Opcodes that the passes look for. */
export const opcode = { end: 0x0b, call: 0x10, memoryGrow: 0x40 } as const;

/** What follows an opcode. */
type Immediate =
  | 'u32'
  | 's32'
  | 's33'
  | 's64'
  | 'four bytes'
  | 'eight bytes'
  | 'sixteen bytes'
  | 'byte'
  | 'memory argument'
  | 'labels'
  | 'value types'
  | 'catches';

/**
 * Reads past what follows an opcode that has been read: numbers, types, labels. Knows what engines ship at this time
 * (exceptions, references, GC, SIMD, atomics, 64-bit memories, tail calls); all else is MALFORMED.
 */
export function skipImmediates(reader: ByteReader, code: number): void {
  const immediates = plain.get(code);
  if (immediates) {
    for (const immediate of immediates) skip(reader, immediate);
    return;
  }
  const group = prefixed.get(code);
  if (group) {
    for (const immediate of group(reader.u32()) ?? unknown(reader)) skip(reader, immediate);
    return;
  }
  if (code < 0x45 || code > 0xc4) unknown(reader);
}

/** Reads past a value type, or the type of a reference with its heap type. */
export function skipValueType(reader: ByteReader, first: number = reader.byte()): void {
  if (first === 0x63 || first === 0x64) reader.skipSigned(33);
}

function unknown(reader: ByteReader): never {
  return reader.fail('an instruction that is not known');
}

function skip(reader: ByteReader, immediate: Immediate): void {
  switch (immediate) {
    case 'u32':
      reader.u32();
      break;
    case 's32':
      reader.skipSigned(32);
      break;
    case 's33':
      reader.skipSigned(33);
      break;
    case 's64':
      reader.skipSigned(64);
      break;
    case 'byte':
      reader.skip(1);
      break;
    case 'four bytes':
      reader.skip(4);
      break;
    case 'eight bytes':
      reader.skip(8);
      break;
    case 'sixteen bytes':
      reader.skip(16);
      break;
    case 'memory argument':
      // Bit 6 of the alignment: the index of a memory follows.
      if (reader.u32() & 0x40) reader.u32();
      reader.u64();
      break;
    case 'labels':
      for (let left = reader.count('labels'); left >= 0; left -= 1) reader.u32();
      break;
    case 'value types':
      for (let left = reader.count('types'); left > 0; left -= 1) skipValueType(reader);
      break;
    case 'catches':
      for (let left = reader.count('catches'); left > 0; left -= 1) {
        // Of a tag, of a tag with its exception, of all, of all with the exception: then a label.
        if (reader.byte() < 2) reader.u32();
        reader.u32();
      }
      break;
  }
}

const none: readonly Immediate[] = [];
const index: readonly Immediate[] = ['u32'];
const twoIndices: readonly Immediate[] = ['u32', 'u32'];
const blockType: readonly Immediate[] = ['s33'];
const heapType: readonly Immediate[] = ['s33'];
const memoryArgument: readonly Immediate[] = ['memory argument'];
const lane: readonly Immediate[] = ['byte'];
const memoryLane: readonly Immediate[] = ['memory argument', 'byte'];
const castBranch: readonly Immediate[] = ['byte', 'u32', 's33', 's33'];
const sixteenBytes: readonly Immediate[] = ['sixteen bytes'];

/** All but the numeric instructions from 0x45 to 0xc4, after which nothing follows. */
const plain = new Map<number, readonly Immediate[]>([
  ...each([0x00, 0x01, 0x05, 0x0a, 0x0b, 0x0f, 0x19, 0x1a, 0x1b, 0xd1, 0xd3, 0xd4], none),
  ...each([0x02, 0x03, 0x04, 0x06], blockType),
  ...each([0x07, 0x08, 0x09, 0x0c, 0x0d, 0x10, 0x12, 0x14, 0x15, 0x18], index),
  ...each([0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x3f, 0x40, 0xd2, 0xd5, 0xd6], index),
  ...each([0x11, 0x13], twoIndices),
  ...each(range(0x28, 0x3e), memoryArgument),
  [0x0e, ['labels']],
  [0x1c, ['value types']],
  [0x1f, ['s33', 'catches']],
  [0x41, ['s32']],
  [0x42, ['s64']],
  [0x43, ['four bytes']],
  [0x44, ['eight bytes']],
  [0xd0, heapType],
]);

/** Groups of instructions behind a prefix, by the number that follows it. */
const prefixed = new Map<number, (code: number) => readonly Immediate[] | undefined>([
  [0xfb, referenceImmediates],
  [0xfc, bulkImmediates],
  [0xfd, vectorImmediates],
  [0xfe, atomicImmediates],
]);

const pairedReferences = new Set([2, 3, 4, 5, 8, 9, 10, 17, 18, 19]);

/** Structs, arrays, casts. */
function referenceImmediates(code: number): readonly Immediate[] | undefined {
  if (pairedReferences.has(code)) return twoIndices;
  if (code === 15 || (code >= 26 && code <= 30)) return none;
  if (code < 20) return index;
  if (code < 24) return heapType;
  return code < 26 ? castBranch : undefined;
}

/** Saturating conversions, memories, tables, wide arithmetic. */
function bulkImmediates(code: number): readonly Immediate[] | undefined {
  if (code < 8) return none;
  if (code < 15) return code % 2 === 0 ? twoIndices : index;
  if (code < 18) return index;
  return code >= 19 && code <= 22 ? none : undefined;
}

function vectorImmediates(code: number): readonly Immediate[] | undefined {
  if (code <= 11 || code === 92 || code === 93) return memoryArgument;
  if (code <= 13) return sixteenBytes;
  if (code >= 21 && code <= 34) return lane;
  if (code >= 84 && code <= 91) return memoryLane;
  return code < 0x200 ? none : undefined;
}

function atomicImmediates(code: number): readonly Immediate[] | undefined {
  if (code === 3) return lane;
  return code < 3 || (code >= 0x10 && code <= 0x4e) ? memoryArgument : undefined;
}

function each(
  codes: readonly number[],
  immediates: readonly Immediate[],
): [code: number, immediates: readonly Immediate[]][] {
  return codes.map((code) => [code, immediates]);
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}
