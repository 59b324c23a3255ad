import { createByteReader } from './byte-reader.ts';
import { describeWasm } from './describe-wasm.ts';
import { replaceInstructions } from './replace-instructions.ts';

/**
 * Whether a module has instructions that change a table or drop a segment. What others of its instances than these can change is
 * memories and globals, and what structs and arrays hold.
 *
 * For valid modules. Throws {@link WasmBinaryError} as `watchGrowth` does.
 */
export function changesTables(bytes: Uint8Array): boolean {
  const description = describeWasm(bytes);
  if (description.kind !== 'module' || description.tables.length > mostTables) return true;
  let found = false;
  const tables = Array.from(description.tables, (_, table) => table);
  replaceInstructions(bytes, description, {
    code: tableSet,
    patterns: tables.flatMap((table) => startsOf(tableSet, table)),
    functionFor() {
      found = true;
      return undefined;
    },
  });
  replaceInstructions(bytes, description, {
    code: bulkPrefix,
    patterns: changing.flatMap((code) => startsOf(bulkPrefix, code)),
    functionFor({ start, end }) {
      if (changing.includes(createByteReader(bytes, start + 1, end).u32())) found = true;
      return undefined;
    },
  });
  return found;
}

/** As many as have numbers of one byte. */
const mostTables = 128;
const tableSet = 0x26;
const bulkPrefix = 0xfc;
/** data.drop, table.init, elem.drop, table.copy, table.grow, table.fill */
const changing: readonly number[] = [9, 12, 13, 14, 15, 17];

/** An opcode and a number, which may be longer than it needs to be. */
function startsOf(code: number, number: number): readonly Uint8Array[] {
  return [Uint8Array.of(code, number), Uint8Array.of(code, number | 0x80)];
}
