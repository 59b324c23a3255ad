import { describeWasm } from './describe-wasm.ts';
import { editSections, sectionId, withItems } from './edit-sections.ts';
import type { ByteReader } from './byte-reader.ts';
import { opcode, skipImmediates, skipValueType } from './instructions.ts';
import { leb } from './leb.ts';
import { defaultLimits } from './limits.ts';
import { mostTypes } from './measure-module.ts';
import { readTypes } from './read-types.ts';
import { sectionsOf } from './sections.ts';

/** A module that exports those of its own globals that can change. */
export interface ExportedGlobals {
  readonly bytes: Uint8Array;
  /** The names of these exports. */
  readonly names: readonly string[];
}

const prefix = 'wasmlet:global-';
/** A module with more of them is left alone. */
const mostGlobals = 1_000;
const exportKindGlobal = 3;

/**
 * Rewrites a module so that it exports all of its own globals that can change, so that whoever instantiates it can put them back
 * to what they were. Nothing for a module with changing globals that are no numbers of 32 or 64 bits, with structs or arrays, which change
 * whatever holds them, with exports of such names, and for components.
 *
 * Only for modules that an engine has found valid, as `watchGrowth` is. Throws {@link WasmBinaryError} as `describeWasm` does, and
 * `MALFORMED` for instructions and types that are not known here.
 */
export function exportGlobals(bytes: Uint8Array): ExportedGlobals | undefined {
  const description = describeWasm(bytes);
  if (description.kind !== 'module') return undefined;
  if (description.exports.some(({ name }) => name.startsWith(prefix))) return undefined;
  const sections = [...sectionsOf(bytes, defaultLimits.maxSections)];
  const contentOf = (wanted: number): ByteReader | undefined =>
    sections.find(({ id }) => id === wanted)?.content;
  const types = contentOf(sectionId.type);
  if (types && readTypes(types, mostTypes).garbageCollected) return undefined;
  const globals = contentOf(sectionId.global);
  const imported = description.imports.filter(({ kind }) => kind === 'global').length;
  const numbers = globals ? changingGlobals(globals, imported) : [];
  if (numbers === undefined || numbers.length > mostGlobals) return undefined;
  if (numbers.length === 0) return { bytes, names: [] };
  const names = numbers.map((number) => `${prefix}${number}`);
  const items = numbers.map((number, index) => [
    ...text(names[index] as string),
    exportKindGlobal,
    ...leb(number),
  ]);
  const edit = withItems(bytes, contentOf(sectionId.export), items);
  return { bytes: editSections(bytes, sections, new Map([[sectionId.export, edit]])), names };
}

/** Of 32 and 64 bits. */
const numberTypes: ReadonlySet<number> = new Set([0x7f, 0x7e, 0x7d, 0x7c]);

/** Numbers of the globals that can change; nothing where one of them is of a type that others cannot set. */
function changingGlobals(reader: ByteReader, first: number): readonly number[] | undefined {
  const changing: number[] = [];
  const count = reader.count('globals');
  for (let index = 0; index < count; index += 1) {
    const type = reader.byte();
    skipValueType(reader, type);
    const flags = reader.byte();
    skipExpression(reader);
    if (flags === 0) continue;
    if (flags !== 1 || !numberTypes.has(type)) return undefined;
    changing.push(first + index);
  }
  return changing;
}

function skipExpression(reader: ByteReader): void {
  for (;;) {
    const code = reader.byte();
    skipImmediates(reader, code);
    if (code === opcode.end) return;
  }
}

const utf8 = new TextEncoder();

function text(name: string): readonly number[] {
  const bytes = utf8.encode(name);
  return [...leb(bytes.length), ...bytes];
}
