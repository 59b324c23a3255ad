import { createDwarfReader } from './dwarf-reader.ts';
import { WasmBinaryError } from '../errors.ts';
import { fileNameOf, type NameSections } from './line-files.ts';
import { type LineUnit, nextLineUnit, readLineUnit } from './line-unit.ts';
import { type LineRow, runLineProgram } from './run-line-program.ts';

/** Contents of a module's custom sections in which compilers leave where code comes from: DWARF, versions 2 to 5. */
export interface DebugSections extends NameSections {
  /** `.debug_line`. */
  readonly lines: Uint8Array;
}

/** A place in a program's source. */
export interface SourceLine {
  /** Absolute, or from where the compiler ran. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in bytes; absent where only the line is known. */
  readonly column?: number;
}

/**
 * Where instructions come from, in the order of `addresses`, which are offsets from the beginning of the code section's content;
 * `undefined` where that is not told. Takes time of the sections' length for each address at most, and never throws for what is in them: what
 * is malformed tells nothing.
 */
export function findSourceLines(
  sections: DebugSections,
  addresses: readonly number[],
): readonly (SourceLine | undefined)[] {
  const found = addresses.map((): Found | undefined => undefined);
  const lines = createDwarfReader(sections.lines);
  while (!lines.atEnd) {
    const next = attempt(() => nextLineUnit(lines));
    // Nobody knows where the one behind it begins.
    if (next === undefined) break;
    attempt(() => searchUnit(readLineUnit(next), addresses, found));
  }
  return found.map((place) => place && attempt(() => sourceLineOf(place, sections)));
}

interface Found extends LineRow {
  readonly unit: LineUnit;
}

function searchUnit(unit: LineUnit, addresses: readonly number[], found: (Found | undefined)[]): void {
  const [lowest, highest] = [Math.min(...addresses), Math.max(...addresses)];
  const before = { address: 0, file: 0, line: 0, column: 0 };
  let state: 'begins' | 'goes on' | 'is of nothing' = 'begins';
  runLineProgram(unit, (row, last) => {
    // Linkers leave the lines of functions that they have removed: at 0, where no function is.
    if (state === 'begins') state = row.address === 0 ? 'is of nothing' : 'goes on';
    else if (state === 'goes on' && row.address > lowest && before.address <= highest) {
      for (const [at, address] of addresses.entries()) {
        if (before.address <= address && address < row.address) found[at] ??= { ...before, unit };
      }
    }
    if (last) state = 'begins';
    before.address = row.address;
    before.file = row.file;
    before.line = row.line;
    before.column = row.column;
  });
}

function sourceLineOf({ unit, file, line, column }: Found, sections: NameSections): SourceLine | undefined {
  if (!isNumber(line)) return undefined;
  const name = fileNameOf(unit, file, sections);
  if (name === undefined) return undefined;
  return { file: name, line, ...(isNumber(column) ? { column } : {}) };
}

const highestNumber = 0x7fff_ffff;

/** Whether there can be a line or column of that number. */
function isNumber(value: number): boolean {
  return value > 0 && value <= highestNumber;
}

/** `undefined` for what is malformed. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof WasmBinaryError) return undefined;
    throw error;
  }
}
