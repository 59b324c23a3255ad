import type { ByteReader } from '../byte-reader.ts';
import { opcode, skipImmediates } from '../instructions.ts';
import { sectionsOf } from '../sections.ts';
import { sniffWasm } from '../sniff-wasm.ts';
import { importKey } from './match-core-types.ts';
import type { Reading } from './reading.ts';
import {
  type PlainCoreType,
  readCoreExtern,
  readCoreTypes,
  readGlobalType,
  readMemoryType,
  readTableType,
  readTagType,
} from './read-core-type.ts';
import { readList } from './read-value-type.ts';
import type { CoreExternType, CoreFunctionType, ModuleType } from './types.ts';

const lastSection = 13;
const sorts = ['core-func', 'core-table', 'core-memory', 'core-global', 'core-tag'] as const;
type CoreKind = (typeof sorts)[number];

/** Reads what a core module imports and exports, with types. Code and data are skipped: an engine validates them. */
export function readCoreModule(bytes: Uint8Array, content: ByteReader, reading: Reading): ModuleType {
  if (sniffWasm(bytes.subarray(content.offset, content.end)) !== 'module') {
    content.fail('a core module that does not begin with \\0asm and version 1');
  }
  const types: PlainCoreType[] = [];
  const spaces: Record<CoreKind, CoreExternType[]> = {
    'core-func': [],
    'core-table': [],
    'core-memory': [],
    'core-global': [],
    'core-tag': [],
  };
  const imports: ModuleType['imports'][number][] = [];
  const exports: ModuleType['exports'][number][] = [];
  const imported = new Set<string>();
  const exported = new Set<string>();
  const add = (type: CoreExternType): void => void spaces[type.kind].push(type);
  const functionType = (index: number): CoreFunctionType => functionTypeAt(types, index, reading);

  const { offset, end } = content;
  for (const { id, content: section } of sectionsOf(bytes, reading.limits.maxDefinitions, {
    start: offset,
    end,
  })) {
    reading.countDefinition();
    const each = (what: string, read: () => void): void => {
      readList(section, what, () => {
        reading.countCoreItems(1);
        reading.at = section.offset;
        read();
      });
      if (!section.atEnd) section.fail(`bytes after the last of the ${what}`);
    };
    switch (id) {
      case 1:
        each('types', () => void types.push(...readCoreTypes(section, reading)));
        break;
      case 2:
        each('imports', () => {
          const module = reading.name(section);
          const name = reading.name(section);
          if (imported.has(importKey(module, name))) {
            reading.invalid(`two imports "${name}" from "${module}" of a core module`);
          }
          imported.add(importKey(module, name));
          const type = readCoreExtern(section, functionType);
          add(type);
          imports.push({ module, name, type });
        });
        break;
      case 3:
        each('functions', () => add(functionType(section.u32())));
        break;
      case 4:
        each('tables', () => add(readDefinedTable(section)));
        break;
      case 5:
        each('memories', () => add(readMemoryType(section)));
        break;
      case 6:
        each('globals', () => {
          add(readGlobalType(section));
          skipExpression(section);
        });
        break;
      case 7:
        each('exports', () => {
          const name = reading.name(section);
          if (exported.has(name)) reading.invalid(`two exports "${name}" of a core module`);
          exported.add(name);
          exports.push({ name, type: readExported(section, spaces, reading) });
        });
        break;
      case 13:
        each('tags', () => add(readTagType(section, functionType)));
        break;
      default:
        if (id > lastSection) section.fail(`an unknown section ${id}`);
    }
  }
  return { kind: 'core-module', imports, exports };
}

/** What an index of core types stands for where a function is wanted. */
export function functionTypeAt(
  types: readonly { readonly kind: string }[],
  index: number,
  reading: Reading,
): CoreFunctionType {
  const type = types[index];
  if (type === undefined)
    return reading.invalid(`core type ${index} is used and ${types.length} are defined before`);
  return isFunction(type) ? type : reading.invalid(`core type ${index} is no function's`);
}

function isFunction(type: { readonly kind: string }): type is CoreFunctionType {
  return type.kind === 'core-func';
}

function readExported(
  reader: ByteReader,
  spaces: Readonly<Record<CoreKind, readonly CoreExternType[]>>,
  reading: Reading,
): CoreExternType {
  const sort = sorts[reader.byte()] ?? reader.fail('an unknown kind of core export');
  const index = reader.u32();
  return (
    spaces[sort][index] ??
    reading.invalid(`a core module exports ${sort.slice(5)} ${index} and has none such`)
  );
}

/** Tables may have an initial value: 0x40 0x00, the type, an expression. */
function readDefinedTable(reader: ByteReader): CoreExternType {
  const first = reader.byte();
  if (first !== 0x40) return readTableType(reader, first);
  if (reader.byte() !== 0) reader.fail('an unknown kind of table');
  const type = readTableType(reader);
  skipExpression(reader);
  return type;
}

/** An initial value: instructions without blocks, up to the first end. */
function skipExpression(reader: ByteReader): void {
  for (let code = reader.byte(); code !== opcode.end; code = reader.byte()) skipImmediates(reader, code);
}
