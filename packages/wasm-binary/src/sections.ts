import { type ByteReader, createByteReader } from './byte-reader.ts';
import { WasmBinaryError } from './errors.ts';

export interface Section {
  readonly id: number;
  /** Offset of the section's id byte. */
  readonly start: number;
  readonly content: ByteReader;
}

const headerBytes = 8;

/** Sections of a module or component, in order, behind its header; their contents are not looked into. */
export function* sectionsOf(
  bytes: Uint8Array,
  maxSections: number,
  { start: begin = 0, end = bytes.length }: { readonly start?: number; readonly end?: number } = {},
): Generator<Section> {
  const reader = createByteReader(bytes, begin + headerBytes, end);
  for (let number = 1; !reader.atEnd; number += 1) {
    const start = reader.offset;
    if (number > maxSections) {
      throw new WasmBinaryError('TOO_LARGE', `more than ${maxSections} sections`, start);
    }
    const id = reader.byte();
    const length = reader.u32();
    yield { id, start, content: reader.section(length) };
  }
}
