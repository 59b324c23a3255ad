import { createByteReader } from '../byte-reader.ts';
import { sectionId } from '../edit-sections.ts';
import { defaultLimits } from '../limits.ts';
import { sectionsOf } from '../sections.ts';

/**
 * Offset of the code that a module's `.debug_line` counts its addresses from; `undefined` of a module that has no such section, or no
 * code.
 *
 * Throws {@link WasmBinaryError} for what is no sequence of sections.
 */
export function debuggedCodeStart(bytes: Uint8Array): number | undefined {
  let start: number | undefined;
  let hasLines = false;
  for (const { id, content } of sectionsOf(bytes, defaultLimits.maxSections)) {
    if (id === sectionId.code) start = content.offset;
    if (id === customId && isLines(bytes, content.offset, content.end)) hasLines = true;
  }
  return hasLines ? start : undefined;
}

const customId = 0;
const linesName = new TextEncoder().encode('.debug_line');

function isLines(bytes: Uint8Array, start: number, end: number): boolean {
  const reader = createByteReader(bytes, start, end);
  if (reader.u32() !== linesName.length) return false;
  return (
    reader.offset + linesName.length <= end &&
    linesName.every((byte, at) => bytes[reader.offset + at] === byte)
  );
}
