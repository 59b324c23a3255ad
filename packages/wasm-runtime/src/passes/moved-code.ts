import { type CodeMove, codeMoves, originalOffset, WasmBinaryError } from '@wasmlet/wasm-binary';

const sectionName = 'wasmlet:moved-code';
/** Longer ones are left out: offsets in backtraces are those of the rewritten module then. */
const maxSectionBytes = 0x3fff;

/** The rewritten module with a note of where its code stood in the original, in a custom section at its end. */
export function noteMovedCode(original: Uint8Array, rewritten: Uint8Array): Uint8Array {
  const moves = movesOf(original, rewritten);
  const note = Buffer.from(JSON.stringify(moves));
  const name = Buffer.from(sectionName);
  const length = 1 + name.length + note.length;
  if (moves.length === 0 || length > maxSectionBytes) return rewritten;
  const head = Buffer.of(0, (length & 0x7f) | 0x80, length >> 7, name.length);
  return Buffer.concat([rewritten, head, name, note]);
}

function movesOf(original: Uint8Array, rewritten: Uint8Array): readonly CodeMove[] {
  try {
    return codeMoves(original, rewritten);
  } catch (error) {
    if (error instanceof WasmBinaryError) return [];
    throw error;
  }
}

/** What finds the offset in the module as it was given, of an offset in what was compiled. */
export function offsetsBeforePasses(module: WebAssembly.Module): (offset: number) => number {
  const moves = readMoves(WebAssembly.Module.customSections(module, sectionName).at(-1));
  return (offset) => Math.max(0, originalOffset(moves, offset));
}

/** The section may be the guest's own, of a module that no pass has changed: then it is whatever it is. */
function readMoves(section: ArrayBuffer | undefined): readonly CodeMove[] {
  if (section === undefined || section.byteLength > maxSectionBytes) return [];
  try {
    const moves: unknown = JSON.parse(Buffer.from(section).toString('utf8'));
    return Array.isArray(moves) && moves.every(isMove) ? moves : [];
  } catch {
    return [];
  }
}

function isMove(value: unknown): value is CodeMove {
  return Array.isArray(value) && value.length === 2 && value.every((number) => Number.isSafeInteger(number));
}
