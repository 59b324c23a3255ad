import type { ByteReader } from './byte-reader.ts';
import { leb } from './leb.ts';
import type { Section } from './sections.ts';

/** Numbers of a module's sections. */
export const sectionId = {
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  code: 10,
  tag: 13,
} as const;

/** The order of sections in a module; custom ones may be anywhere. */
const order = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

/** What a section is to contain instead, in pieces. */
export type SectionEdit = readonly Uint8Array[];

/**
 * A module with the contents of some sections replaced; where it has no section of that number, one is put in its
 * place in the order. All else stays, byte for byte.
 */
export function editSections(
  bytes: Uint8Array,
  sections: readonly Section[],
  edits: ReadonlyMap<number, SectionEdit>,
): Uint8Array {
  const pieces: Uint8Array[] = [];
  const missing = [...edits.keys()].filter((id) => sections.every((section) => section.id !== id));
  missing.sort(byOrder);
  let copied = 0;
  const copyTo = (offset: number): void => {
    pieces.push(bytes.subarray(copied, offset));
    copied = offset;
  };
  const put = (id: number): void => {
    const content = edits.get(id) ?? [];
    const length = content.reduce((sum, piece) => sum + piece.length, 0);
    pieces.push(Uint8Array.from([id, ...leb(length)]), ...content);
  };
  for (const { id, start, content } of sections) {
    while (missing[0] !== undefined && id !== 0 && byOrder(missing[0], id) < 0) {
      copyTo(start);
      put(missing.shift() as number);
    }
    if (!edits.has(id)) continue;
    copyTo(start);
    put(id);
    copied = content.end;
  }
  copyTo(bytes.length);
  for (const id of missing) put(id);
  return concat(pieces);
}

/** The content of a section that is a list, with items behind those that it has. */
export function withItems(
  bytes: Uint8Array,
  content: ByteReader | undefined,
  items: readonly (readonly number[])[],
): SectionEdit {
  const count = content?.u32() ?? 0;
  return [
    Uint8Array.from(leb(count + items.length)),
    ...(content ? [bytes.subarray(content.offset, content.end)] : []),
    Uint8Array.from(items.flat()),
  ];
}

function byOrder(a: number, b: number): number {
  return order.indexOf(a) - order.indexOf(b);
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    result.set(piece, at);
    at += piece.length;
  }
  return result;
}
