import type { FileHandle } from 'node:fs/promises';
import { maxHeaderBytes, parseCriLine } from './cri-line.ts';
import type { LogStream } from './log-selection.ts';
import { includesStream } from './log-selection.ts';
import type { RunFile } from './run-files.ts';

/** Where reading starts: in which of the files, and at which byte of it. */
export interface LogPosition {
  readonly file: number;
  readonly offset: number;
}

/**
 * Finds where the last `lines` lines of output begin, reading from the end and no more than needed. Partial
 * CRI lines count with the line that they belong to.
 */
export async function findTailStart(
  files: readonly RunFile[],
  lines: number,
  stream: LogStream,
): Promise<LogPosition> {
  let wanted = lines;
  let last = true;
  for (let file = files.length - 1; file >= 0; file--) {
    const handle = files[file]!.handle;
    const { size } = await handle.stat();
    let start = size;
    if (wanted === 0 && last) return { file, offset: size };
    for await (const line of linesFromTheEnd(handle, size)) {
      const parsed = parseCriLine(line.head);
      if (parsed !== undefined && includesStream(stream, parsed.stream)) {
        // A full line ends a line of output; so does the end of the log.
        if (!parsed.partial || last) {
          if (wanted === 0) return { file, offset: start };
          wanted--;
        }
        last = false;
      }
      start = line.start;
    }
  }
  return { file: 0, offset: 0 };
}

interface LineStart {
  /** The line's first bytes, at least its CRI header. */
  readonly head: Buffer;
  readonly start: number;
}

const blockBytes = 64 * 1024;
const newline = 0x0a;

async function* linesFromTheEnd(handle: FileHandle, size: number): AsyncGenerator<LineStart> {
  let position = size;
  // The beginning of what has been seen of the line that starts before `position`.
  let rest: Buffer = Buffer.alloc(0);
  let atEnd = true;
  while (position > 0) {
    const length = Math.min(blockBytes, position);
    position -= length;
    const block = Buffer.allocUnsafe(length);
    const { bytesRead } = await handle.read(block, 0, length, position);
    const data = Buffer.concat([block.subarray(0, bytesRead), rest]);
    let end = data.length;
    for (let at = lastNewline(data, end); at !== -1; at = lastNewline(data, end)) {
      // Nothing follows the newline that ends the file.
      if (!atEnd || at + 1 < end) yield { head: data.subarray(at + 1, end), start: position + at + 1 };
      atEnd = false;
      end = at;
    }
    rest = data.subarray(0, Math.min(end, maxHeaderBytes));
  }
  if (rest.length > 0) yield { head: rest, start: 0 };
}

function lastNewline(data: Buffer, end: number): number {
  return end === 0 ? -1 : data.lastIndexOf(newline, end - 1);
}
