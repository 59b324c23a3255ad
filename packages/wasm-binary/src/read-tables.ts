import type { ByteReader } from './byte-reader.ts';

/** Sizes in elements. */
export interface TableType {
  readonly min: number;
  readonly max?: number;
  readonly table64: boolean;
  /** The type of its elements, as it stands in the binary. */
  readonly element: readonly number[];
  readonly imported: boolean;
}

/** A table and where its limits stand: their flags, its least size and, where it has one, its greatest. */
export interface TableEntry {
  readonly type: TableType;
  readonly limits: { readonly start: number; readonly end: number; readonly flags: number };
}

/** A table of the table section may have an initial value: 0x40 0x00, its type, an expression. */
export function readTable(reader: ByteReader): TableEntry {
  const first = reader.byte();
  if (first !== 0x40) return readTableType(reader, false, first);
  if (reader.byte() !== 0) reader.fail('an unknown kind of table');
  const entry = readTableType(reader, false);
  skipConstantExpression(reader);
  return entry;
}

export function readTableType(
  reader: ByteReader,
  imported: boolean,
  first: number = reader.byte(),
): TableEntry {
  const element = readReferenceType(reader, first);
  const start = reader.offset;
  const flags = reader.byte();
  if (flags > 7) reader.fail('unknown flags of a table');
  const size = (): number => (flags & 4 ? Number(reader.u64()) : reader.u32());
  const min = size();
  const max = flags & 1 ? size() : undefined;
  const table64 = (flags & 4) !== 0;
  const type = { min, ...(max === undefined ? {} : { max }), table64, element, imported };
  return { type, limits: { start, end: reader.offset, flags } };
}

/** `(ref null? heaptype)` has a heap type after it, a number; the abbreviations are one byte. */
function readReferenceType(reader: ByteReader, first: number): readonly number[] {
  if (first !== 0x63 && first !== 0x64) return [first];
  const type = [first];
  do {
    if (type.length > longestHeapType) reader.fail('a number of more than 33 bits');
    type.push(reader.byte());
  } while ((type.at(-1) ?? 0) >= 0x80);
  return type;
}

const longestHeapType = 5;

function skipConstantExpression(reader: ByteReader): void {
  for (;;) {
    switch (reader.byte()) {
      case 0x0b:
        return;
      case 0x23: // global.get
      case 0xd2: // ref.func
        reader.u32();
        break;
      case 0x41: // i32.const
        reader.skipSigned(32);
        break;
      case 0x42: // i64.const
        reader.skipSigned(64);
        break;
      case 0x43: // f32.const
        reader.skip(4);
        break;
      case 0x44: // f64.const
        reader.skip(8);
        break;
      case 0xd0: // ref.null
        reader.skipSigned(33);
        break;
      case 0x6a: // i32.add, i32.sub, i32.mul
      case 0x6b:
      case 0x6c:
      case 0x7c: // i64.add, i64.sub, i64.mul
      case 0x7d:
      case 0x7e:
        break;
      case 0xfb:
        skipReferenceInstruction(reader);
        break;
      default:
        reader.fail('an instruction that is not known in a constant expression');
    }
  }
}

/** What makes structs, arrays and small integers in a constant expression. */
function skipReferenceInstruction(reader: ByteReader): void {
  switch (reader.u32()) {
    case 0x00: // struct.new
    case 0x01: // struct.new_default
    case 0x06: // array.new
    case 0x07: // array.new_default
      reader.u32();
      break;
    case 0x08: // array.new_fixed
      reader.u32();
      reader.u32();
      break;
    case 0x1a: // any.convert_extern
    case 0x1b: // extern.convert_any
    case 0x1c: // ref.i31
      break;
    default:
      reader.fail('an instruction that is not known in a constant expression');
  }
}
