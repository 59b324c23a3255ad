import { describeWasm } from './describe-wasm.ts';
import { WasmBinaryError } from './errors.ts';
import { leb } from './leb.ts';
import { defaultLimits } from './limits.ts';
import type { MemoryType } from './read-module.ts';
import { type Section, sectionsOf } from './sections.ts';

const pageBytes = 64 * 1024;
/** Most pages that a memory with 32-bit, and with 64-bit, addresses can have. */
const mostPages = { narrow: 2 ** 16, wide: 2 ** 48 } as const;

/**
 * Rewrites a module so that its own memories together cannot grow beyond `maxBytes` (rounded down to pages):
 * one memory gets all of it; of several, each keeps its minimum and they share what is left. The module's
 * own, lower maxima stay, and an imported memory is left to who provides it. Returns the same bytes when nothing
 * changes.
 *
 * Throws {@link WasmBinaryError}: `MEMORY_LIMIT` when the declared minima exceed the limit, `MALFORMED` for a
 * component, and as `describeWasm` does. Throws a `RangeError` when `maxBytes` is no number from 0.
 */
export function capMemory(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (!(maxBytes >= 0)) throw new RangeError(`a memory limit is a number of bytes from 0, not ${maxBytes}`);
  const description = describeWasm(bytes);
  if (description.kind !== 'module') {
    throw new WasmBinaryError('MALFORMED', 'only modules have memories to cap; this is a component', 4);
  }
  const own = description.memories.filter(({ imported }) => !imported);
  const limit = Math.floor(maxBytes / pageBytes);
  const minimum = own.reduce((sum, { minPages }) => sum + minPages, 0);
  const section = findMemorySection(bytes);
  if (minimum > limit) {
    throw new WasmBinaryError(
      'MEMORY_LIMIT',
      `the module declares ${minimum} pages of 64 KiB of memory; its limit of ${maxBytes} bytes allows ${limit}`,
      section?.start ?? 0,
    );
  }
  if (!section) return bytes;
  const share = Math.floor((limit - minimum) / own.length);
  const capped = own.map((memory) => ({
    ...memory,
    maxPages: Math.min(
      memory.maxPages ?? Infinity,
      memory.minPages + share,
      memory.memory64 ? mostPages.wide : mostPages.narrow,
    ),
  }));
  if (capped.every(({ maxPages }, index) => maxPages === own[index]?.maxPages)) return bytes;
  const content = [...leb(capped.length), ...capped.flatMap(encodeMemory)];
  const rewritten = Uint8Array.from([memorySection, ...leb(content.length), ...content]);
  const before = bytes.subarray(0, section.start);
  const after = bytes.subarray(section.content.end);
  const result = new Uint8Array(before.length + rewritten.length + after.length);
  result.set(before);
  result.set(rewritten, before.length);
  result.set(after, before.length + rewritten.length);
  return result;
}

const memorySection = 5;

function findMemorySection(bytes: Uint8Array): Section | undefined {
  for (const section of sectionsOf(bytes, defaultLimits.maxSections)) {
    if (section.id === memorySection) return section;
  }
  return undefined;
}

function encodeMemory({
  minPages,
  maxPages,
  shared,
  memory64,
}: MemoryType & { readonly maxPages: number }): number[] {
  return [1 | (shared ? 2 : 0) | (memory64 ? 4 : 0), ...leb(minPages), ...leb(maxPages)];
}
