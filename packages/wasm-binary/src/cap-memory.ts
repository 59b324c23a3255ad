import { describeWasm } from './describe-wasm.ts';
import { editSections, sectionId } from './edit-sections.ts';
import { WasmBinaryError } from './errors.ts';
import { leb } from './leb.ts';
import { defaultLimits } from './limits.ts';
import type { MemoryType } from './read-module.ts';
import { sectionsOf } from './sections.ts';

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
  const sections = [...sectionsOf(bytes, defaultLimits.maxSections)];
  const section = sections.find(({ id }) => id === sectionId.memory);
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
  const content = Uint8Array.from([...leb(capped.length), ...capped.flatMap(encodeMemory)]);
  return editSections(bytes, sections, new Map([[sectionId.memory, [content]]]));
}

function encodeMemory({
  minPages,
  maxPages,
  shared,
  memory64,
}: MemoryType & { readonly maxPages: number }): number[] {
  return [1 | (shared ? 2 : 0) | (memory64 ? 4 : 0), ...leb(minPages), ...leb(maxPages)];
}
