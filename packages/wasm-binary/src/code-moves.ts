import { type ByteReader, createByteReader } from './byte-reader.ts';
import { sectionId } from './edit-sections.ts';
import { skipImmediates, skipValueType } from './instructions.ts';
import { defaultLimits } from './limits.ts';
import { sectionsOf } from './sections.ts';

/** From this offset of a rewritten module on, what was in the original is so many bytes further back; `null`: none of it was there. */
export type CodeMove = readonly [offset: number, by: number | null];

/**
 * Where code of a module has gone by rewriting: in order, for {@link originalOffset}. Functions that are only in the rewritten
 * module stand behind the others.
 *
 * Throws {@link WasmBinaryError} for what are not two versions of one module.
 */
export function codeMoves(original: Uint8Array, rewritten: Uint8Array): readonly CodeMove[] {
  const before = codeOf(original);
  const after = codeOf(rewritten);
  if (!before || !after) return [];
  const moves: CodeMove[] = [];
  const note = (): void => {
    const by = after.offset - before.offset;
    if (moves.at(-1)?.[1] !== by) moves.push([after.offset, by]);
  };
  after.count('functions');
  for (let left = before.count('functions'); left > 0; left -= 1) {
    const length = before.u32();
    const newLength = after.u32();
    note();
    if (length === newLength) {
      before.skip(length);
      after.skip(newLength);
      continue;
    }
    const [body, newBody] = [before.section(length), after.section(newLength)];
    skipLocals(body);
    skipLocals(newBody);
    while (!body.atEnd) {
      skipInstruction(body);
      skipInstruction(newBody);
      const by = newBody.offset - body.offset;
      if (moves.at(-1)?.[1] !== by) moves.push([newBody.offset, by]);
    }
  }
  if (!after.atEnd) moves.push([after.offset, null]);
  return moves;
}

/** The offset in the original module of an offset in the rewritten one; `undefined` for what was not there. */
export function originalOffset(moves: readonly CodeMove[], offset: number): number | undefined {
  const [, by] = moves.findLast(([from]) => from <= offset) ?? [0, 0];
  return by === null ? undefined : offset - by;
}

function codeOf(bytes: Uint8Array): ByteReader | undefined {
  for (const { id, content } of sectionsOf(bytes, defaultLimits.maxSections)) {
    if (id === sectionId.code) return createByteReader(bytes, content.offset, content.end);
  }
  return undefined;
}

function skipLocals(reader: ByteReader): void {
  for (let left = reader.count('locals'); left > 0; left -= 1) {
    reader.u32();
    skipValueType(reader);
  }
}

function skipInstruction(reader: ByteReader): void {
  skipImmediates(reader, reader.byte());
}
