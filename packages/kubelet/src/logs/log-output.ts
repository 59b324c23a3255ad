import type { CriLine } from './cri-line.ts';
import { parseCriLine, timestampMs } from './cri-line.ts';
import type { LogSelection } from './log-selection.ts';
import { includesStream } from './log-selection.ts';

/** Turns CRI lines into what a reader sees. */
export interface LogOutput {
  /** Takes one CRI line without its newline; a `torn` one has none in the file. */
  line(line: Buffer, torn?: boolean): void;
  /** What has come together since the last call. */
  take(): Buffer;
  /** Whether `limitBytes` is reached: nothing more will come. */
  readonly full: boolean;
}

/**
 * Joins partial lines to whole ones as they come, without keeping them: a partial line is passed on at once.
 * If the other stream writes in between, a newline is put in, so that no line mixes the two.
 */
export function createLogOutput(selection: LogSelection): LogOutput {
  const { stream = 'All', timestamps = false } = selection;
  const since = selection.since?.getTime() ?? -Infinity;
  let room = selection.limitBytes ?? Infinity;
  let pieces: Buffer[] = [];
  let open: CriLine['stream'] | undefined;

  const push = (piece: Buffer): void => {
    const fitting = piece.length > room ? piece.subarray(0, room) : piece;
    room -= fitting.length;
    pieces.push(fitting);
  };

  return {
    get full() {
      return room === 0;
    },
    line(line, torn = false) {
      const parsed = parseCriLine(line);
      if (parsed === undefined || !includesStream(stream, parsed.stream)) return;
      if (timestampMs(parsed.timestamp) < since) return;
      if (open !== undefined && open !== parsed.stream) {
        push(newline);
        open = undefined;
      }
      if (open === undefined && timestamps) {
        push(parsed.timestamp);
        push(space);
      }
      push(parsed.content);
      if (parsed.partial || torn) {
        open = parsed.stream;
      } else {
        push(newline);
        open = undefined;
      }
    },
    take() {
      const joined = Buffer.concat(pieces);
      pieces = [];
      return joined;
    },
  };
}

const newline = Buffer.from('\n');
const space = Buffer.from(' ');
