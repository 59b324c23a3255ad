import { describeWasm } from './describe-wasm.ts';
import { editSections, sectionId, withItems } from './edit-sections.ts';
import { leb } from './leb.ts';
import { defaultLimits } from './limits.ts';
import { sectionsOf } from './sections.ts';

/** A module that imports the memory that it had, and what that memory has to be. */
export interface MemoryImport {
  readonly bytes: Uint8Array;
  readonly minPages: number;
  /** Absent where the module sets none. */
  readonly maxPages?: number;
}

/**
 * Rewrites a module so that it imports its memory, which whoever instantiates it makes, and may make use of again. For a valid
 * module with one memory of its own, of 32-bit addresses and not shared; answers nothing for any other.
 *
 * Throws {@link WasmBinaryError} as `describeWasm` does.
 */
export function importMemory(
  bytes: Uint8Array,
  { module, name }: { readonly module: string; readonly name: string },
): MemoryImport | undefined {
  const description = describeWasm(bytes);
  if (description.kind !== 'module') return undefined;
  const [memory, ...others] = description.memories;
  if (!memory || others.length > 0 || memory.imported || memory.shared || memory.memory64) return undefined;
  const { minPages, maxPages } = memory;
  const limits = maxPages === undefined ? [0, ...leb(minPages)] : [1, ...leb(minPages), ...leb(maxPages)];
  const entry = [...text(module), ...text(name), memoryKind, ...limits];
  const sections = [...sectionsOf(bytes, defaultLimits.maxSections)];
  const imports = sections.find(({ id }) => id === sectionId.import)?.content;
  const edits = new Map([
    [sectionId.import, withItems(bytes, imports, [entry])],
    [sectionId.memory, [Uint8Array.of(0)]],
  ]);
  return {
    bytes: editSections(bytes, sections, edits),
    minPages,
    ...(maxPages === undefined ? {} : { maxPages }),
  };
}

const memoryKind = 2;
const utf8 = new TextEncoder();

function text(name: string): readonly number[] {
  const bytes = utf8.encode(name);
  return [...leb(bytes.length), ...bytes];
}
