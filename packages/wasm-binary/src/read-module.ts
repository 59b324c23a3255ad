import { type ByteReader, createByteReader } from './byte-reader.ts';
import { WasmBinaryError } from './errors.ts';
import type { BinaryLimits } from './limits.ts';

export type ExternKind = 'function' | 'table' | 'memory' | 'global' | 'tag';

export interface ModuleImport {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternKind;
}

export interface ModuleExport {
  readonly name: string;
  readonly kind: ExternKind;
}

/** Sizes in pages of 64 KiB. */
export interface MemoryType {
  readonly minPages: number;
  readonly maxPages?: number;
  readonly shared: boolean;
  readonly memory64: boolean;
  readonly imported: boolean;
}

export interface TableType {
  readonly min: number;
  readonly max?: number;
  readonly imported: boolean;
}

export interface ModuleDescription {
  readonly kind: 'module';
  readonly imports: readonly ModuleImport[];
  readonly exports: readonly ModuleExport[];
  readonly memories: readonly MemoryType[];
  readonly tables: readonly TableType[];
}

export interface Section {
  readonly id: number;
  /** Offset of the section's id byte. */
  readonly start: number;
  readonly content: ByteReader;
}

const externKinds = ['function', 'table', 'memory', 'global', 'tag'] as const;

/** Sections of a core module, in order; their contents are not looked into. */
export function* sectionsOf(bytes: Uint8Array): Generator<Section> {
  const reader = createByteReader(bytes, 8);
  while (!reader.atEnd) {
    const start = reader.offset;
    const id = reader.byte();
    const length = reader.u32();
    yield { id, start, content: reader.section(length) };
  }
}

export function readModule(bytes: Uint8Array, limits: BinaryLimits): ModuleDescription {
  const imports: ModuleImport[] = [];
  const exports: ModuleExport[] = [];
  const memories: MemoryType[] = [];
  const tables: TableType[] = [];
  for (const { id, content } of sectionsOf(bytes)) {
    switch (id) {
      case 2:
        each(content, 'imports', limits.maxNames, () => {
          const module = content.name();
          const name = content.name();
          const kind = readKind(content);
          if (kind === 'memory') memories.push(readMemoryType(content, true));
          else if (kind === 'table') tables.push(readTableType(content, true));
          else skipExternType(content, kind);
          imports.push({ module, name, kind });
        });
        break;
      case 4:
        each(content, 'tables', limits.maxTables, () => tables.push(readTable(content)));
        break;
      case 5:
        each(content, 'memories', limits.maxMemories, () => memories.push(readMemoryType(content, false)));
        break;
      case 7:
        each(content, 'exports', limits.maxNames, () => {
          const name = content.name();
          const kind = readKind(content);
          content.u32();
          exports.push({ name, kind });
        });
        break;
      default:
        break;
    }
  }
  return { kind: 'module', imports, exports, memories, tables };
}

function each(reader: ByteReader, what: string, limit: number, read: () => void): void {
  const count = reader.count(what);
  if (count > limit)
    throw new WasmBinaryError('TOO_LARGE', `${count} ${what}; at most ${limit} are read`, reader.offset);
  for (let index = 0; index < count; index += 1) read();
  if (!reader.atEnd) reader.fail(`bytes after the last of the ${what}`);
}

function readKind(reader: ByteReader): ExternKind {
  return externKinds[reader.byte()] ?? reader.fail('an unknown kind of import or export');
}

/** Limits flags: 1 a maximum, 2 shared, 4 64-bit. */
function readMemoryType(reader: ByteReader, imported: boolean): MemoryType {
  const flags = reader.byte();
  if (flags > 7) reader.fail('unknown flags of a memory');
  const pages = (): number => (flags & 4 ? Number(reader.u64()) : reader.u32());
  const minPages = pages();
  const maxPages = flags & 1 ? pages() : undefined;
  return {
    minPages,
    ...(maxPages === undefined ? {} : { maxPages }),
    shared: (flags & 2) !== 0,
    memory64: (flags & 4) !== 0,
    imported,
  };
}

/** A table of the table section may have an initial value: 0x40 0x00, its type, an expression. */
function readTable(reader: ByteReader): TableType {
  const first = reader.byte();
  if (first !== 0x40) return readTableType(reader, false, first);
  if (reader.byte() !== 0) reader.fail('an unknown kind of table');
  const type = readTableType(reader, false);
  skipConstantExpression(reader);
  return type;
}

function readTableType(reader: ByteReader, imported: boolean, first: number = reader.byte()): TableType {
  // (ref null? heaptype) has a heap type after it, the abbreviations are one byte.
  if (first === 0x63 || first === 0x64) reader.skipSigned(33);
  const flags = reader.byte();
  if (flags > 7) reader.fail('unknown flags of a table');
  const size = (): number => (flags & 4 ? Number(reader.u64()) : reader.u32());
  const min = size();
  const max = flags & 1 ? size() : undefined;
  return { min, ...(max === undefined ? {} : { max }), imported };
}

function skipExternType(reader: ByteReader, kind: 'function' | 'global' | 'tag'): void {
  switch (kind) {
    case 'function':
      reader.u32();
      break;
    case 'global': {
      const type = reader.byte();
      if (type === 0x63 || type === 0x64) reader.skipSigned(33);
      reader.byte();
      break;
    }
    case 'tag':
      reader.byte();
      reader.u32();
      break;
  }
}

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
      default:
        reader.fail('an instruction that is not known in a constant expression');
    }
  }
}
