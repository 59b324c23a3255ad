import type { ByteReader } from '../byte-reader.ts';
import { WasmBinaryError } from '../errors.ts';
import { skipValueType } from '../instructions.ts';
import { type Section, sectionsOf } from '../sections.ts';

/**
 * What componentisers put between a module and functions that need its memory: a module whose functions do nothing but
 * call what stands in a table, and one that fills the table when the functions are there.
 */
export type ForwardingModule =
  | {
      readonly kind: 'forwarder';
      /** The name of the exported table. */
      readonly table: string;
      /** Exported function → its place in the table. */
      readonly functions: ReadonlyMap<string, number>;
    }
  | {
      readonly kind: 'filler';
      readonly table: ImportName;
      /** What is put into the table, from its beginning. */
      readonly functions: readonly ImportName[];
    };

/** An import of a core module. */
export interface ImportName {
  readonly module: string;
  readonly name: string;
}

const id = { custom: 0, type: 1, import: 2, function: 3, table: 4, export: 7, element: 9, code: 10 } as const;
/** No componentiser makes more sections, or functions. */
const maxSections = 100;
const maxFunctions = 100_000;

/**
 * Recognises a module that does nothing but forward, or fill a table, by all of its bytes; answers nothing for any other,
 * and for what is malformed.
 */
export function readForwardingModule(bytes: Uint8Array): ForwardingModule | undefined {
  try {
    const sections = [...sectionsOf(bytes, maxSections)].filter((section) => section.id !== id.custom);
    const ids = sections.map((section) => section.id).join(' ');
    if (ids === `${id.type} ${id.function} ${id.table} ${id.export} ${id.code}`)
      return readForwarder(sections);
    if (ids === `${id.type} ${id.import} ${id.element}`) return readFiller(sections);
    return undefined;
  } catch (error) {
    if (error instanceof WasmBinaryError) return undefined;
    throw error;
  }
}

function readForwarder([types, functions, tables, exports, code]: readonly Section[]):
  | ForwardingModule
  | undefined {
  if (!types || !functions || !tables || !exports || !code) return undefined;
  const paramCounts = readParamCounts(types.content);
  const typeOf = readList(functions.content, (reader) => reader.u32());
  if (paramCounts === undefined || tables.content.u32() !== 1) return undefined;
  const places: number[] = [];
  const bodies = code.content.count('functions');
  if (bodies !== typeOf.length) return undefined;
  for (const type of typeOf) {
    const body = code.content.section(code.content.u32());
    const place = readForwardingBody(body, type, paramCounts[type] ?? -1);
    if (place === undefined) return undefined;
    places.push(place);
  }
  const named = readList(exports.content, (reader) => ({
    name: reader.name(),
    kind: reader.byte(),
    index: reader.u32(),
  }));
  const found = new Map<string, number>();
  let table: string | undefined;
  for (const { name, kind, index } of named) {
    if (kind === 1) table = name;
    const place = places[index];
    if (kind > 1 || (kind === 0 && place === undefined)) return undefined;
    if (kind === 0 && place !== undefined) found.set(name, place);
  }
  return table === undefined ? undefined : { kind: 'forwarder', table, functions: found };
}

const opcode = { end: 0x0b, callIndirect: 0x11, localGet: 0x20, i32Const: 0x41 } as const;

/** `local.get 0` … `i32.const PLACE` `call_indirect`, and nothing else. */
function readForwardingBody(body: ByteReader, type: number, params: number): number | undefined {
  if (body.u32() !== 0) return undefined;
  for (let local = 0; local < params; local += 1) {
    if (body.byte() !== opcode.localGet || body.u32() !== local) return undefined;
  }
  if (body.byte() !== opcode.i32Const) return undefined;
  const place = readSmallSigned(body);
  if (place < 0 || body.byte() !== opcode.callIndirect) return undefined;
  if (body.u32() !== type || body.u32() !== 0) return undefined;
  return body.byte() === opcode.end && body.atEnd ? place : undefined;
}

function readFiller([types, imports, elements]: readonly Section[]): ForwardingModule | undefined {
  if (!types || !imports || !elements) return undefined;
  const functions: ImportName[] = [];
  let table: ImportName | undefined;
  for (let left = imports.content.count('imports'); left > 0; left -= 1) {
    const name = { module: imports.content.name(), name: imports.content.name() };
    const kind = imports.content.byte();
    if (kind === 0) {
      imports.content.u32();
      functions.push(name);
    } else if (kind === 1 && table === undefined) {
      table = name;
      skipTableType(imports.content);
    } else return undefined;
  }
  const { content } = elements;
  // One active segment of the table 0, at 0: `i32.const 0` `end`.
  if (content.u32() !== 1 || content.u32() !== 0 || content.byte() !== opcode.i32Const) return undefined;
  if (content.byte() !== 0 || content.byte() !== opcode.end) return undefined;
  const indices = readList(content, (reader) => reader.u32());
  const filled = indices.map((index) => functions[index]);
  if (table === undefined || filled.some((name) => name === undefined)) return undefined;
  return { kind: 'filler', table, functions: filled.filter((name) => name !== undefined) };
}

function readParamCounts(content: ByteReader): readonly number[] | undefined {
  const counts: number[] = [];
  for (let left = content.count('types'); left > 0; left -= 1) {
    if (content.byte() !== 0x60) return undefined;
    const params = content.count('parameters');
    for (let index = 0; index < params; index += 1) skipValueType(content);
    for (let results = content.count('results'); results > 0; results -= 1) skipValueType(content);
    counts.push(params);
  }
  return counts;
}

function readList<T>(reader: ByteReader, read: (reader: ByteReader) => T): readonly T[] {
  const count = reader.count('items');
  if (count > maxFunctions) reader.fail(`${count} items`);
  const items: T[] = [];
  while (items.length < count) items.push(read(reader));
  return items;
}

/** A signed LEB128 of at most three bytes. */
function readSmallSigned(reader: ByteReader): number {
  let value = 0;
  for (let shift = 0; shift < 21; shift += 7) {
    const byte = reader.byte();
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return byte & 0x40 ? -1 : value;
  }
  return -1;
}

function skipTableType(reader: ByteReader): void {
  skipValueType(reader);
  const flags = reader.byte();
  reader.u32();
  if (flags & 1) reader.u32();
}
