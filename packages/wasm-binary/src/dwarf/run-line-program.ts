import type { DwarfReader } from './dwarf-reader.ts';
import type { LineUnit } from './line-unit.ts';

/** Where the code from one address to the next row's comes from. */
export interface LineRow {
  readonly address: number;
  /** Number in the unit's table of files. */
  readonly file: number;
  /** From 1; 0 for code that no line is for. */
  readonly line: number;
  /** From 1; 0 for a whole line. */
  readonly column: number;
}

type Registers = { -readonly [Register in keyof LineRow]: LineRow[Register] };

const initial: LineRow = { address: 0, file: 1, line: 1, column: 0 };

/**
 * Runs a line table's program, in time of its length. `onRow` gets the registers themselves, which change after it;
 * `last` is the row that ends a sequence: what begins there is unknown.
 */
export function runLineProgram(unit: LineUnit, onRow: (row: LineRow, last: boolean) => void): void {
  const { opcodeArguments, lineBase, lineRange, minInstructionLength } = unit;
  const program = unit.program();
  const row: Registers = { ...initial };
  const opcodeBase = opcodeArguments.length;
  const advance = (operations: number): void => {
    row.address += operations * minInstructionLength;
  };
  const stepOf = (special: number): number => Math.floor((special - opcodeBase) / lineRange);

  while (!program.atEnd) {
    const opcode = program.byte();
    if (opcode >= opcodeBase) {
      advance(stepOf(opcode));
      row.line += lineBase + ((opcode - opcodeBase) % lineRange);
      onRow(row, false);
      continue;
    }
    switch (opcode) {
      case 0:
        runExtended(program.part(program.uleb()), row, onRow);
        break;
      case standard.copy:
        onRow(row, false);
        break;
      case standard.advanceAddress:
        advance(program.uleb());
        break;
      case standard.advanceLine:
        row.line += program.sleb();
        break;
      case standard.setFile:
        row.file = program.uleb();
        break;
      case standard.setColumn:
        row.column = program.uleb();
        break;
      case standard.addConstant:
        advance(stepOf(255));
        break;
      case standard.fixedAdvance:
        row.address += program.unsigned(2);
        break;
      default:
        for (let left = opcodeArguments[opcode] ?? 0; left > 0; left -= 1) program.uleb();
    }
  }
}

/** Those of DWARF's standard opcodes that change what is told of a row. */
const standard = {
  copy: 1,
  advanceAddress: 2,
  advanceLine: 3,
  setFile: 4,
  setColumn: 5,
  addConstant: 8,
  fixedAdvance: 9,
} as const;

const extended = { endSequence: 1, setAddress: 2 } as const;

function runExtended(
  operation: DwarfReader,
  row: Registers,
  onRow: (row: LineRow, last: boolean) => void,
): void {
  switch (operation.byte()) {
    case extended.endSequence:
      onRow(row, true);
      Object.assign(row, initial);
      break;
    case extended.setAddress:
      // Of 64-bit memories as well: code is where 32 bits reach.
      row.address = operation.unsigned(4);
      break;
  }
}
