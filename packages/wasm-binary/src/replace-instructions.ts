import { createByteReader } from './byte-reader.ts';
import { editSections, type SectionEdit, sectionId, withItems } from './edit-sections.ts';
import { WasmBinaryError } from './errors.ts';
import { opcode, skipImmediates, skipValueType } from './instructions.ts';
import { leb } from './leb.ts';
import { defaultLimits } from './limits.ts';
import type { ModuleDescription } from './read-module.ts';
import { readTypes } from './read-types.ts';
import { type Section, sectionsOf } from './sections.ts';

/** A function that stands behind all others of a module. */
export interface AddedFunction {
  /** As in the type section. */
  readonly type: readonly number[];
  /** Locals and code, for the number that the function gets. */
  readonly body: (self: number) => readonly number[];
}

/** Where an instruction stands, and where the one before it in the same function. */
export interface Instruction {
  readonly start: number;
  readonly end: number;
  readonly before: number | undefined;
}

export interface Replacement {
  /** The opcode, or prefix, with which the instructions begin. */
  readonly code: number;
  /** Ways in which they begin. Functions in which none of these occurs are not looked into. */
  readonly patterns: readonly Uint8Array[];
  /** What is called in the place of one, the same object for the same function; nothing where it stays. */
  readonly functionFor: (instruction: Instruction) => AddedFunction | undefined;
  /** What else the module gets when something is replaced, by section. */
  readonly items?: readonly (readonly [section: number, items: readonly (readonly number[])[]])[];
}

/**
 * Makes instructions calls of functions behind all others, so that nothing is renumbered. Returns the same bytes where
 * nothing is replaced.
 *
 * Throws {@link WasmBinaryError}: `MALFORMED` for instructions and types that are not known here, `TOO_LARGE` at more
 * than 100,000 of them, and where a function would become larger than engines take.
 */
export function replaceInstructions(
  bytes: Uint8Array,
  description: ModuleDescription,
  replacement: Replacement,
): Uint8Array {
  const sections = [...sectionsOf(bytes, defaultLimits.maxSections)];
  const code = sections.find(({ id }) => id === sectionId.code);
  const bodies = code ? findBodies(bytes, code, replacement) : [];
  if (!code || bodies.length === 0) return bytes;

  const added = [...new Set(bodies.flatMap(({ sites }) => sites.map(({ called }) => called)))];
  const firstFunction = firstFree(bytes, description, 'function');
  const firstType = typesOf(bytes, sections);
  const numbers = new Map(added.map((called, index) => [called, firstFunction + index]));
  const contentOf = (id: number) => sections.find((section) => section.id === id)?.content;
  const add = (id: number, items: readonly (readonly number[])[]) =>
    [id, withItems(bytes, contentOf(id), items)] as const;
  const types = added.map(({ type }) => type);
  const typeNumbers = added.map((_, index) => leb(firstType + index));
  return editSections(
    bytes,
    sections,
    new Map<number, SectionEdit>([
      add(sectionId.type, types),
      add(sectionId.function, typeNumbers),
      ...(replacement.items ?? []).map(([id, items]) => add(id, items)),
      [sectionId.code, withCalls(bytes, code, bodies, numbers)],
    ]),
  );
}

/** The number of the next function or global that a module would get. */
export function firstFree(
  bytes: Uint8Array,
  { imports }: ModuleDescription,
  kind: 'function' | 'global',
): number {
  const imported = imports.reduce((sum, item) => sum + (item.kind === kind ? 1 : 0), 0);
  for (const { id, content } of sectionsOf(bytes, defaultLimits.maxSections)) {
    if (id === sectionId[kind]) return imported + content.u32();
  }
  return imported;
}

interface Body {
  /** Offsets of the body's length, of its first byte, and behind its last. */
  readonly start: number;
  readonly content: number;
  readonly end: number;
  readonly sites: readonly Site[];
}

/** An instruction that is to go. */
interface Site {
  readonly start: number;
  readonly end: number;
  readonly called: AddedFunction;
}

const maxSites = 100_000;
const longestCall = 6;
/** Engines take no function that is longer (the limits of the JavaScript interface). */
const maxBodyBytes = 7_654_321;

function findBodies(bytes: Uint8Array, code: Section, replacement: Replacement): readonly Body[] {
  const reader = createByteReader(bytes, code.content.offset, code.content.end);
  const found: Body[] = [];
  let total = 0;
  const nextCandidate = candidateSearch(bytes, code.content.end, replacement.patterns);
  let next = nextCandidate(reader.offset);
  for (let left = reader.count('functions'); left > 0; left -= 1) {
    const start = reader.offset;
    const length = reader.u32();
    const content = reader.offset;
    reader.skip(length);
    if (next >= reader.offset) continue;
    const end = reader.offset;
    const sites = sitesIn(bytes, content, end, replacement);
    total += sites.length;
    if (total > maxSites || end - content + sites.length * longestCall > maxBodyBytes) {
      throw new WasmBinaryError('TOO_LARGE', 'too many instructions that have to be replaced', start);
    }
    if (sites.length > 0) found.push({ start, content, end, sites });
    next = nextCandidate(end);
  }
  return found;
}

/** Finds where one of several sequences comes next; native search is a hundred times faster than a loop. */
function candidateSearch(
  bytes: Uint8Array,
  end: number,
  patterns: readonly Uint8Array[],
): (from: number) => number {
  const searched = Buffer.from(bytes.buffer, bytes.byteOffset, end);
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

function sitesIn(
  bytes: Uint8Array,
  first: number,
  behind: number,
  { code, functionFor }: Replacement,
): readonly Site[] {
  if (behind - first > maxBodyBytes) return [];
  const reader = createByteReader(bytes, first, behind);
  for (let left = reader.count('locals'); left > 0; left -= 1) {
    reader.u32();
    skipValueType(reader);
  }
  const sites: Site[] = [];
  let before: number | undefined;
  while (!reader.atEnd) {
    const start = reader.offset;
    const found = reader.byte();
    skipImmediates(reader, found);
    if (found === code) {
      const end = reader.offset;
      const called = functionFor({ start, end, before });
      if (called) sites.push({ start, end, called });
    }
    before = start;
  }
  return sites;
}

function typesOf(bytes: Uint8Array, sections: readonly Section[]): number {
  const content = sections.find(({ id }) => id === sectionId.type)?.content;
  return content ? readTypes(createByteReader(bytes, content.offset, content.end), Infinity).types : 0;
}

/** The code section with calls in the place of what they do, and the functions that they call at its end. */
function withCalls(
  bytes: Uint8Array,
  { content }: Section,
  bodies: readonly Body[],
  numbers: ReadonlyMap<AddedFunction, number>,
): SectionEdit {
  const count = content.u32();
  const pieces: Uint8Array[] = [Uint8Array.from(leb(count + numbers.size))];
  let copied = content.offset;
  const copyTo = (offset: number): void => {
    if (offset > copied) pieces.push(bytes.subarray(copied, offset));
    copied = offset;
  };
  for (const { start, content: first, end, sites } of bodies) {
    const calls = sites.map(({ called, ...site }) => callOf(numbers.get(called) ?? 0, site.end - site.start));
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
  const functions = [...numbers].map(([{ body }, number]) => {
    const whole = body(number);
    return [...leb(whole.length), ...whole];
  });
  return [...pieces, Uint8Array.from(functions.flat())];
}

/** As long as what it replaces, where it can be: then nothing behind it moves. */
function callOf(number: number, length: number): readonly number[] {
  const target = leb(number);
  const missing = Math.min(length - 1, longestNumber) - target.length;
  if (missing <= 0) return [opcode.call, ...target];
  const last = target.pop() ?? 0;
  return [opcode.call, ...target, last | 0x80, ...Array.from({ length: missing - 1 }, () => 0x80), 0];
}

const longestNumber = 5;
