import {
  type CodeMove,
  codeMoves,
  debuggedCodeStart,
  originalOffset,
  WasmBinaryError,
} from '@wasmlet/wasm-binary';

const sectionName = 'wasmlet:moved-code';
/** Longer ones are left out: offsets in backtraces are those of the rewritten module then, and without lines. */
const maxSectionBytes = 0x3fff;

/** What is noted of a module's code. */
interface CodeNote {
  readonly moves: readonly CodeMove[];
  /** Offset in the original of the code that its line tables count from; absent where it has none. */
  readonly lines?: number | undefined;
}

/**
 * The rewritten module with a note of where its code stood in the original, in a custom section at its end. The same bytes where there
 * is nothing to note.
 */
export function noteMovedCode(original: Uint8Array, rewritten: Uint8Array): Uint8Array {
  const moves = original === rewritten ? [] : movesOf(original, rewritten);
  const lines = moves === undefined ? undefined : debuggedCodeStart(original);
  if (moves === undefined || (moves.length === 0 && lines === undefined)) return rewritten;
  const note = Buffer.from(JSON.stringify({ moves, lines } satisfies CodeNote));
  const name = Buffer.from(sectionName);
  const length = 1 + name.length + note.length;
  if (length > maxSectionBytes) return rewritten;
  const head = Buffer.of(0, (length & 0x7f) | 0x80, length >> 7, name.length);
  return Buffer.concat([rewritten, head, name, note]);
}

/** `undefined` where nobody knows. */
function movesOf(original: Uint8Array, rewritten: Uint8Array): readonly CodeMove[] | undefined {
  try {
    return codeMoves(original, rewritten);
  } catch (error) {
    if (error instanceof WasmBinaryError) return undefined;
    throw error;
  }
}

/** Where the code of a compiled module was before the passes. */
export interface CodeBeforePasses {
  /** The offset in the module as it was given, of an offset in what was compiled; `undefined` in functions that passes have added. */
  offset(compiled: number): number | undefined;
  /** What line tables call an offset in the module as it was given; `undefined` where it has none. */
  address(offset: number): number | undefined;
}

export function codeBeforePasses(module: WebAssembly.Module): CodeBeforePasses {
  const { moves, lines } = readNote(WebAssembly.Module.customSections(module, sectionName).at(-1));
  return {
    offset(compiled) {
      const offset = originalOffset(moves, compiled);
      return offset === undefined ? undefined : Math.max(0, offset);
    },
    address: (offset) => (lines === undefined ? undefined : offset - lines),
  };
}

/** The section may be the guest's own, of a module that no pass has changed: then it is whatever it is. */
function readNote(section: ArrayBuffer | undefined): CodeNote {
  const nothing = { moves: [] };
  if (section === undefined || section.byteLength > maxSectionBytes) return nothing;
  try {
    const note: unknown = JSON.parse(Buffer.from(section).toString('utf8'));
    return isNote(note) ? note : nothing;
  } catch {
    return nothing;
  }
}

function isNote(value: unknown): value is CodeNote {
  if (typeof value !== 'object' || value === null || !('moves' in value)) return false;
  const { moves } = value;
  if (!Array.isArray(moves) || !moves.every(isMove)) return false;
  return !('lines' in value) || Number.isSafeInteger(value.lines);
}

function isMove(value: unknown): value is CodeMove {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [offset, by] = value as readonly unknown[];
  return Number.isSafeInteger(offset) && (by === null || Number.isSafeInteger(by));
}
