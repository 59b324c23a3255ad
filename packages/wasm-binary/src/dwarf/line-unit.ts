import type { DwarfReader } from './dwarf-reader.ts';

/** The line table of one source file and what it includes: its header, read as far as its program needs it. */
export interface LineUnit {
  readonly version: number;
  /** Bytes of an offset into other sections. */
  readonly offsetBytes: 4 | 8;
  readonly minInstructionLength: number;
  readonly lineBase: number;
  readonly lineRange: number;
  /** Number of arguments of each standard opcode, from 1 on. */
  readonly opcodeArguments: readonly number[];
  /** A reader of the tables of directories and files. */
  readonly names: () => DwarfReader;
  /** A reader of the opcodes. */
  readonly program: () => DwarfReader;
}

const oldestVersion = 2;
const newestVersion = 5;

/** The content of the next unit of `.debug_line`, which the reader skips. */
export function nextLineUnit(section: DwarfReader): UnitContent {
  const length = section.unsigned(4);
  return length === 0xffff_ffff
    ? { content: section.part(section.unsigned(8)), offsetBytes: 8 }
    : { content: section.part(length), offsetBytes: 4 };
}

export interface UnitContent extends Pick<LineUnit, 'offsetBytes'> {
  readonly content: DwarfReader;
}

/** Throws {@link WasmBinaryError} for what is malformed, or of another version than 2 to 5. */
export function readLineUnit({ content, offsetBytes }: UnitContent): LineUnit {
  const version = content.unsigned(2);
  if (version < oldestVersion || version > newestVersion) content.fail(`line tables of version ${version}`);
  // Sizes of an address and of a segment selector.
  if (version >= 5) content.skip(2);
  const header = content.part(content.unsigned(offsetBytes));
  const minInstructionLength = header.byte();
  // Operations per instruction: of very long instruction words only.
  if (version >= 4) header.skip(1);
  // Whether rows are statements unless they say otherwise.
  header.skip(1);
  const lineBase = header.signedByte();
  const lineRange = header.byte();
  if (lineRange === 0) header.fail('opcodes that move over no lines');
  const opcodeBase = header.byte();
  const opcodeArguments = [0];
  while (opcodeArguments.length < opcodeBase) opcodeArguments.push(header.byte());
  return {
    version,
    offsetBytes,
    minInstructionLength,
    lineBase,
    lineRange,
    opcodeArguments,
    names: () => header.rest(),
    program: () => content.rest(),
  };
}
