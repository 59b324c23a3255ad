import type { ByteReader } from '../byte-reader.ts';
import type { Reading } from './reading.ts';
import type { CoreExternType, CoreFunctionType, CoreLimits, CoreType, CoreValueType } from './types.ts';

/** A core type without what only engines compare. */
export type PlainCoreType = Exclude<CoreType, { readonly kind: 'core-module' }>;

const valueTypes: Readonly<Record<number, CoreValueType>> = {
  0x7f: 'i32',
  0x7e: 'i64',
  0x7d: 'f32',
  0x7c: 'f64',
  0x7b: 'v128',
  0x70: 'funcref',
  0x6f: 'externref',
  0x69: 'exnref',
};
const form = {
  array: 0x5e,
  struct: 0x5f,
  function: 0x60,
  group: 0x4e,
  openSubtype: 0x50,
  finalSubtype: 0x4f,
} as const;
/** References to what engines collect, in short: `anyref` and its kind. */
const shortReferences = { first: 0x68, last: 0x74 } as const;
const packed: readonly number[] = [0x78, 0x77];
const defaultPageSizeLog2 = 16;

export function readCoreValueType(reader: ByteReader, first: number = reader.byte()): CoreValueType {
  const plain = valueTypes[first];
  if (plain !== undefined) return plain;
  if (first === 0x63 || first === 0x64) reader.skipSigned(33);
  else if (first < shortReferences.first || first > shortReferences.last) {
    reader.fail('an unknown core value type');
  }
  return 'ref';
}

/** A type or a group of them, of which each has its own index. */
export function readCoreTypes(
  reader: ByteReader,
  reading: Reading,
  first: number = reader.byte(),
): readonly PlainCoreType[] {
  if (first !== form.group) return [readSubtype(reader, reading, first)];
  const group: PlainCoreType[] = [];
  for (let left = reader.count('types'); left > 0; left -= 1) {
    group.push(readSubtype(reader, reading, reader.byte()));
  }
  return group;
}

/** What an import or an export in a module's type is; `functionType` looks up what its index stands for. */
export function readCoreExtern(
  reader: ByteReader,
  functionType: (index: number) => CoreFunctionType,
): CoreExternType {
  switch (reader.byte()) {
    case 0:
      return functionType(reader.u32());
    case 1:
      return readTableType(reader);
    case 2:
      return readMemoryType(reader);
    case 3:
      return readGlobalType(reader);
    case 4:
      return readTagType(reader, functionType);
    default:
      return reader.fail('an unknown kind of core import or export');
  }
}

export function readTableType(reader: ByteReader, first: number = reader.byte()): CoreExternType {
  const element = readCoreValueType(reader, first);
  return { kind: 'core-table', element, limits: readLimits(reader, reader.byte(), 7) };
}

/** Limits flags: 1 a maximum, 2 shared, 4 64-bit, 8 pages of another size. */
export function readMemoryType(reader: ByteReader): CoreExternType {
  const flags = reader.byte();
  const limits = readLimits(reader, flags, 15);
  const pageSizeLog2 = flags & 8 ? reader.u32() : defaultPageSizeLog2;
  if (pageSizeLog2 > defaultPageSizeLog2) reader.fail('pages of more than 64 KiB');
  const maxPages = 2 ** ((limits.address64 ? 64 : 32) - pageSizeLog2);
  if (limits.min > maxPages || (limits.max ?? 0) > maxPages) reader.fail('a memory beyond its address space');
  return { kind: 'core-memory', limits, pageSizeLog2 };
}

export function readGlobalType(reader: ByteReader): CoreExternType {
  const type = readCoreValueType(reader);
  const mutable = reader.byte();
  // The second bit is of shared ones.
  if (mutable > 3) reader.fail('an unknown kind of global');
  return { kind: 'core-global', type, mutable: (mutable & 1) === 1 };
}

export function readTagType(
  reader: ByteReader,
  functionType: (index: number) => CoreFunctionType,
): CoreExternType {
  if (reader.byte() !== 0) reader.fail('an unknown kind of tag');
  const { params } = functionType(reader.u32());
  return { kind: 'core-tag', params };
}

function readLimits(reader: ByteReader, flags: number, known: number): CoreLimits {
  if (flags > known) reader.fail('unknown flags of limits');
  const address64 = (flags & 4) !== 0;
  const number = (): number => (address64 ? Number(reader.u64()) : reader.u32());
  const min = number();
  const max = flags & 1 ? number() : undefined;
  if (max !== undefined && max < min) reader.fail('a greatest size below the least one');
  return { min, ...(max !== undefined && { max }), shared: (flags & 2) !== 0, address64 };
}

function readSubtype(reader: ByteReader, reading: Reading, first: number): PlainCoreType {
  reading.countCoreItems(1);
  let kind = first;
  if (kind === form.openSubtype || kind === form.finalSubtype) {
    for (let left = reader.count('supertypes'); left > 0; left -= 1) reader.u32();
    kind = reader.byte();
  }
  switch (kind) {
    case form.function:
      return { kind: 'core-func', params: readValueTypes(reader), results: readValueTypes(reader) };
    case form.struct:
      for (let left = reader.count('fields'); left > 0; left -= 1) skipField(reader);
      return { kind: 'core-aggregate' };
    case form.array:
      skipField(reader);
      return { kind: 'core-aggregate' };
    default:
      return reader.fail('an unknown form of a core type');
  }
}

function readValueTypes(reader: ByteReader): readonly CoreValueType[] {
  const types: CoreValueType[] = [];
  for (let left = reader.count('values'); left > 0; left -= 1) types.push(readCoreValueType(reader));
  return types;
}

function skipField(reader: ByteReader): void {
  const first = reader.byte();
  if (!packed.includes(first)) readCoreValueType(reader, first);
  reader.skip(1); // whether it can change
}
