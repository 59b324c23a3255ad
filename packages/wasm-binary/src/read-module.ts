import type { ByteReader } from './byte-reader.ts';
import type { BinaryLimits } from './limits.ts';
import { readItems } from './read-items.ts';
import { sectionsOf } from './sections.ts';

/** What an import or export of a core module is. */
export type ExternKind = 'function' | 'table' | 'memory' | 'global' | 'tag';

/** One import of a core module. */
export interface ModuleImport {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternKind;
}

/** One export of a core module. */
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

/** Sizes in elements. */
export interface TableType {
  readonly min: number;
  readonly max?: number;
  readonly imported: boolean;
}

/** What a core module wants and offers. */
export interface ModuleDescription {
  readonly kind: 'module';
  readonly imports: readonly ModuleImport[];
  readonly exports: readonly ModuleExport[];
  /** Imported ones first, as they are numbered. */
  readonly memories: readonly MemoryType[];
  readonly tables: readonly TableType[];
}

const lastSection = 13;
const externKinds = ['function', 'table', 'memory', 'global', 'tag'] as const;

export function readModule(bytes: Uint8Array, limits: BinaryLimits): ModuleDescription {
  const imports: ModuleImport[] = [];
  const exports: ModuleExport[] = [];
  const importedMemories: MemoryType[] = [];
  const importedTables: TableType[] = [];
  const memories: MemoryType[] = [];
  const tables: TableType[] = [];
  const { maxNames, maxMemories, maxTables, maxSections } = limits;
  for (const { id, content } of sectionsOf(bytes, maxSections)) {
    switch (id) {
      case 2:
        readItems(content, { into: imports, what: 'imports', limit: maxNames }, () => {
          const module = content.name();
          const name = content.name();
          const kind = readKind(content);
          if (kind === 'memory') importedMemories.push(readMemoryType(content, true));
          else if (kind === 'table') importedTables.push(readTableType(content, true));
          else skipExternType(content, kind);
          return { module, name, kind };
        });
        break;
      case 4:
        readItems(content, { into: tables, what: 'tables', limit: maxTables }, () => readTable(content));
        break;
      case 5:
        readItems(content, { into: memories, what: 'memories', limit: maxMemories }, () =>
          readMemoryType(content, false),
        );
        break;
      case 7:
        readItems(content, { into: exports, what: 'exports', limit: maxNames }, () => {
          const name = content.name();
          const kind = readKind(content);
          content.u32();
          return { name, kind };
        });
        break;
      default:
        if (id > lastSection) content.fail(`an unknown section ${id}`);
    }
  }
  return {
    kind: 'module',
    imports,
    exports,
    memories: [...importedMemories, ...memories],
    tables: [...importedTables, ...tables],
  };
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
