import type { LogOutput } from './log-output.ts';
import type { RunFile } from './run-files.ts';

/** Reads one file of a log from a byte on, as often as there is more. */
export interface RunReader {
  readonly file: RunFile;
  /** Passes complete lines to `output` and yields after each block, to the present end of the file. */
  drain(output: LogOutput): AsyncGenerator<void>;
  /** Passes on what follows the last newline: the line that a killed writer left. `torn`: it may go on. */
  finish(output: LogOutput, torn: boolean): void;
}

export function createRunReader(file: RunFile, from: number): RunReader {
  let offset = from;
  let rest: Buffer = Buffer.alloc(0);

  return {
    file,
    async *drain(output) {
      while (!output.full) {
        const block = Buffer.allocUnsafe(blockBytes);
        const { bytesRead } = await file.handle.read(block, 0, blockBytes, offset);
        if (bytesRead === 0) return;
        offset += bytesRead;
        const data = Buffer.concat([rest, block.subarray(0, bytesRead)]);
        let start = 0;
        for (let end = data.indexOf(newline); end !== -1; end = data.indexOf(newline, start)) {
          output.line(data.subarray(start, end));
          start = end + 1;
          if (output.full) break;
        }
        // No writer makes such lines; what is beyond the bound is not shown.
        rest = data.subarray(start, start + maxLineBytes);
        yield;
      }
    },
    finish(output, torn) {
      if (rest.length > 0) output.line(rest, torn);
      rest = Buffer.alloc(0);
    },
  };
}

const blockBytes = 64 * 1024;
const maxLineBytes = 1024 * 1024;
const newline = 0x0a;
