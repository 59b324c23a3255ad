import { createByteReader } from './byte-reader.ts';
import { editSections, sectionId } from './edit-sections.ts';
import { WasmBinaryError } from './errors.ts';
import { leb } from './leb.ts';
import { defaultLimits } from './limits.ts';
import { readTable, type TableEntry } from './read-tables.ts';
import { sectionsOf } from './sections.ts';

/**
 * Rewrites a module so that its own tables together cannot hold more than `maxElements`: one table may have all of
 * them; of several, each keeps its least size and they share what is left. The module's own, lower maxima stay, and
 * an imported table is left to who provides it. Returns the same bytes when nothing changes.
 *
 * Throws {@link WasmBinaryError}: `TABLE_LIMIT` when the declared sizes exceed the limit, and as `describeWasm` does.
 * Throws a `RangeError` when `maxElements` is no number from 0.
 */
export function capTables(bytes: Uint8Array, maxElements: number): Uint8Array {
  if (!(maxElements >= 0)) {
    throw new RangeError(`a limit of tables is a number of elements from 0, not ${maxElements}`);
  }
  const sections = [...sectionsOf(bytes, defaultLimits.maxSections)];
  const section = sections.find(({ id }) => id === sectionId.table);
  if (!section) return bytes;
  const { offset, end } = section.content;
  const tables = readTables(bytes, offset, end);
  const declared = tables.reduce((sum, { type }) => sum + type.min, 0);
  if (declared > maxElements) {
    throw new WasmBinaryError(
      'TABLE_LIMIT',
      `the module declares tables of ${declared} elements; its limit allows ${maxElements}`,
      section.start,
    );
  }
  const share = Math.floor((maxElements - declared) / tables.length);
  const lower = tables.filter(({ type }) => type.min + share < (type.max ?? Infinity));
  if (lower.length === 0) return bytes;
  const pieces: Uint8Array[] = [];
  let copied = offset;
  for (const { type, limits } of lower) {
    const rewritten = [limits.flags | 1, ...leb(type.min), ...leb(type.min + share)];
    pieces.push(bytes.subarray(copied, limits.start), Uint8Array.from(rewritten));
    copied = limits.end;
  }
  pieces.push(bytes.subarray(copied, end));
  return editSections(bytes, sections, new Map([[sectionId.table, pieces]]));
}

function readTables(bytes: Uint8Array, start: number, end: number): readonly TableEntry[] {
  const reader = createByteReader(bytes, start, end);
  const count = reader.count('tables');
  if (count > defaultLimits.maxTables) {
    throw new WasmBinaryError(
      'TOO_LARGE',
      `${count} tables; at most ${defaultLimits.maxTables} are read`,
      start,
    );
  }
  return Array.from({ length: count }, () => readTable(reader));
}
