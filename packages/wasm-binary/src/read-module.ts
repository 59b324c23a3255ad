import type { ByteReader } from './byte-reader.ts';
import type { BinaryLimits } from './limits.ts';
import { createNameBudget } from './name-budget.ts';
import { readItems } from './read-items.ts';
import { readTable, readTableType, type TableType } from './read-tables.ts';
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
  const nameOf = createNameBudget(limits.maxNamesBytes);
  const { maxNames, maxMemories, maxTables, maxSections } = limits;
  for (const { id, content } of sectionsOf(bytes, maxSections)) {
    switch (id) {
      case 2:
        readItems(content, { into: imports, what: 'imports', limit: maxNames }, () => {
          const module = nameOf(content);
          const name = nameOf(content);
          const kind = readKind(content);
          if (kind === 'memory') importedMemories.push(readMemoryType(content, true));
          else if (kind === 'table') importedTables.push(readTableType(content, true).type);
          else skipExternType(content, kind);
          return { module, name, kind };
        });
        break;
      case 4:
        readItems(content, { into: tables, what: 'tables', limit: maxTables }, () => readTable(content).type);
        break;
      case 5:
        readItems(content, { into: memories, what: 'memories', limit: maxMemories }, () =>
          readMemoryType(content, false),
        );
        break;
      case 7:
        readItems(content, { into: exports, what: 'exports', limit: maxNames }, () => {
          const name = nameOf(content);
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
