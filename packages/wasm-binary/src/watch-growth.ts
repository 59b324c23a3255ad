import { createByteReader } from './byte-reader.ts';
import { describeWasm } from './describe-wasm.ts';
import { editSections, type SectionEdit, sectionId, withItems } from './edit-sections.ts';
import { WasmBinaryError } from './errors.ts';
import { opcode, skipImmediates, skipValueType } from './instructions.ts';
import { leb } from './leb.ts';
import { defaultLimits } from './limits.ts';
import type { MemoryType } from './read-module.ts';
import { readTypes } from './read-types.ts';
import { type Section, sectionsOf } from './sections.ts';

/** Name under which a module exports what {@link watchGrowth} has added: an `i32`, 1 when the last growth was refused. */
export const growthRefusedExport = 'wasmlet:growth-refused';

/**
 * Rewrites a module so that it remembers whether its last `memory.grow` was refused, in an exported global by the name
 * {@link growthRefusedExport}: a guest that asked for too much and gave up can be told from one that trapped for
 * another reason. Each `memory.grow` becomes a call of a function behind all others, which grows the memory and
 * remembers; nothing is renumbered. Returns the same bytes when nothing in them grows a memory, and when they export that
 * name themselves.
 *
 * Only for modules that an engine has found valid: numbers that mean nothing in an invalid one may mean something
 * afterwards. Throws {@link WasmBinaryError} as `describeWasm` does, `MALFORMED` for instructions or types that are
 * not known here, and `TOO_LARGE` where a function would become larger than engines take.
 */
export function watchGrowth(bytes: Uint8Array): Uint8Array {
  const description = describeWasm(bytes);
  if (description.kind !== 'module') {
    throw new WasmBinaryError('MALFORMED', 'only modules grow memories; this is a component', 4);
  }
  if (description.exports.some(({ name }) => name === growthRefusedExport)) return bytes;
  const sections = [...sectionsOf(bytes, defaultLimits.maxSections)];
  const code = sections.find(({ id }) => id === sectionId.code);
  if (!code) return bytes;
  const { memories } = description;
  const bodies = findGrowth(bytes, code, memories.length);
  if (bodies.length === 0) return bytes;

  const imported = (kind: 'function' | 'global'): number =>
    description.imports.reduce((sum, item) => sum + (item.kind === kind ? 1 : 0), 0);
  const firstFunction = imported('function') + countOf(bytes, sections, sectionId.function);
  const flag = imported('global') + countOf(bytes, sections, sectionId.global);
  const firstType = typesOf(bytes, sections);
  const watched = [...new Set(bodies.flatMap(({ sites }) => sites.map(({ memory }) => memory)))];
  const functionOf = new Map(watched.map((memory, index) => [memory, firstFunction + index]));
  const contentOf = (id: number) => sections.find((section) => section.id === id)?.content;
  const add = (id: number, items: readonly (readonly number[])[]) =>
    [id, withItems(bytes, contentOf(id), items)] as const;

  const wrappers = watched.map((memory) => wrapperBody(memory, memories[memory], flag));
  return editSections(
    bytes,
    sections,
    new Map<number, SectionEdit>([
      add(sectionId.type, [growType(valueType.i32), growType(valueType.i64)]),
      add(
        sectionId.function,
        watched.map((memory) => leb(firstType + (memories[memory]?.memory64 ? 1 : 0))),
      ),
      add(sectionId.global, [[valueType.i32, mutable, 0x41, 0, opcode.end]]),
      add(sectionId.export, [exportOfGlobal(growthRefusedExport, flag)]),
      [sectionId.code, withCalls(bytes, code, bodies, functionOf, wrappers)],
    ]),
  );
}

const valueType = { i32: 0x7f, i64: 0x7e } as const;
const mutable = 1;
const exportKindGlobal = 3;

interface Body {
  /** Offsets of the body's length, of its first byte, and behind its last. */
  readonly start: number;
  readonly content: number;
  readonly end: number;
  readonly sites: readonly Site[];
}

/** One `memory.grow`. */
interface Site {
  readonly start: number;
  readonly end: number;
  readonly memory: number;
}

const maxSites = 100_000;
const longestCall = 6;
/** Engines take no function that is longer (the limits of the JavaScript interface). */
const maxBodyBytes = 7_654_321;

/** The bodies that grow memories. Those in which the bytes of no such instruction occur are not looked into. */
function findGrowth(bytes: Uint8Array, code: Section, memories: number): readonly Body[] {
  const reader = createByteReader(bytes, code.content.offset, code.content.end);
  const found: Body[] = [];
  let total = 0;
  const nextCandidate = candidateSearch(bytes, code.content.end, memories);
  let next = nextCandidate(reader.offset);
  for (let left = reader.count('functions'); left > 0; left -= 1) {
    const start = reader.offset;
    const length = reader.u32();
    const content = reader.offset;
    reader.skip(length);
    if (next >= reader.offset) continue;
    const end = reader.offset;
    const sites = sitesIn(bytes, content, end);
    total += sites.length;
    if (total > maxSites || end - content + sites.length * longestCall > maxBodyBytes) {
      throw new WasmBinaryError('TOO_LARGE', 'too much code that grows memories', start);
    }
    if (sites.length > 0) found.push({ start, content, end, sites });
    next = nextCandidate(end);
  }
  return found;
}

/** Finds where the bytes of a `memory.grow` come next, if they are one; native search is a hundred times faster than a loop. */
function candidateSearch(bytes: Uint8Array, end: number, memories: number): (from: number) => number {
  const searched = Buffer.from(bytes.buffer, bytes.byteOffset, end);
  const patterns = Array.from({ length: Math.min(memories, 128) }, (_, memory) =>
    Buffer.of(opcode.memoryGrow, memory),
  );
  const next = patterns.map(() => -1);
  return (from) => {
    for (const [index, pattern] of patterns.entries()) {
      if ((next[index] ?? 0) >= from) continue;
      const found = searched.indexOf(pattern, from);
      next[index] = found < 0 ? Infinity : found;
    }
    return Math.min(Infinity, ...next);
  };
}

function sitesIn(bytes: Uint8Array, start: number, end: number): readonly Site[] {
  if (end - start > maxBodyBytes) return [];
  const reader = createByteReader(bytes, start, end);
  for (let left = reader.count('locals'); left > 0; left -= 1) {
    reader.u32();
    skipValueType(reader);
  }
  const sites: Site[] = [];
  while (!reader.atEnd) {
    const at = reader.offset;
    const code = reader.byte();
    if (code === opcode.memoryGrow) sites.push({ start: at, memory: reader.u32(), end: reader.offset });
    else skipImmediates(reader, code);
  }
  return sites;
}

function countOf(bytes: Uint8Array, sections: readonly Section[], id: number): number {
  const content = sections.find((section) => section.id === id)?.content;
  return content ? createByteReader(bytes, content.offset, content.end).u32() : 0;
}

function typesOf(bytes: Uint8Array, sections: readonly Section[]): number {
  const content = sections.find(({ id }) => id === sectionId.type)?.content;
  return content ? readTypes(createByteReader(bytes, content.offset, content.end), Infinity).types : 0;
}

/** From a number of pages to a number of pages. */
function growType(address: number): readonly number[] {
  return [0x60, 1, address, 1, address];
}

function exportOfGlobal(name: string, index: number): readonly number[] {
  const text = new TextEncoder().encode(name);
  return [...leb(text.length), ...text, exportKindGlobal, ...leb(index)];
}

/**
 * ```wat
 * (func (param $pages i32) (result i32)
 *   (local.tee $pages (memory.grow (local.get $pages)))
 *   (global.set $refused (i32.eq (local.get $pages) (i32.const -1))))
 * ```
 */
function wrapperBody(memory: number, type: MemoryType | undefined, flag: number): readonly number[] {
  const isRefused = type?.memory64 ? [0x42, 0x7f, 0x51] : [0x41, 0x7f, 0x46];
  const grow = [0x20, 0, opcode.memoryGrow, ...leb(memory), 0x22, 0];
  const body = [0, ...grow, 0x20, 0, ...isRefused, 0x24, ...leb(flag), opcode.end];
  return [...leb(body.length), ...body];
}

/** The code section with calls in the place of what grows memories, and the functions that they call at its end. */
function withCalls(
  bytes: Uint8Array,
  { content }: Section,
  bodies: readonly Body[],
  functionOf: ReadonlyMap<number, number>,
  wrappers: readonly (readonly number[])[],
): SectionEdit {
  const count = content.u32();
  const pieces: Uint8Array[] = [Uint8Array.from(leb(count + wrappers.length))];
  let copied = content.offset;
  const copyTo = (offset: number): void => {
    if (offset > copied) pieces.push(bytes.subarray(copied, offset));
    copied = offset;
  };
  for (const { start, content: first, end, sites } of bodies) {
    const calls = sites.map(({ memory }) => [opcode.call, ...leb(functionOf.get(memory) ?? 0)]);
    const added = calls.reduce((sum, call) => sum + call.length, 0);
    const removed = sites.reduce((sum, site) => sum + site.end - site.start, 0);
    copyTo(start);
    pieces.push(Uint8Array.from(leb(end - first + added - removed)));
    copied = first;
    for (const [index, site] of sites.entries()) {
      copyTo(site.start);
      pieces.push(Uint8Array.from(calls[index] ?? []));
      copied = site.end;
    }
    copyTo(end);
  }
  copyTo(content.end);
  return [...pieces, Uint8Array.from(wrappers.flat())];
}
