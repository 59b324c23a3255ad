/** One line of a log file in CRI format: `<RFC 3339 time> <stdout|stderr> <F|P> <content>`. */
export interface CriLine {
  readonly timestamp: Buffer;
  readonly stream: 'stdout' | 'stderr';
  /** Tag `P`: the line of output goes on in the stream's next CRI line. */
  readonly partial: boolean;
  readonly content: Buffer;
}

/** Parses a line without its newline; `undefined` when it is not in CRI format. The parts share its memory. */
export function parseCriLine(line: Buffer): CriLine | undefined {
  const afterTime = line.indexOf(space);
  if (afterTime <= 0 || afterTime > maxTimestampBytes) return undefined;
  const tagStart = afterTime + 1 + streamBytes + 1;
  const name = line.toString('latin1', afterTime + 1, tagStart);
  const stream = name === 'stdout ' ? 'stdout' : name === 'stderr ' ? 'stderr' : undefined;
  const tag = line[tagStart];
  if (stream === undefined || (tag !== full && tag !== part)) return undefined;
  // Further tags may follow the first one, separated by colons.
  const afterTag = line.indexOf(space, tagStart);
  return {
    timestamp: line.subarray(0, afterTime),
    stream,
    partial: tag === part,
    content: afterTag === -1 ? empty : line.subarray(afterTag + 1),
  };
}

/** Milliseconds since 1970, rounded down; `NaN` when it is no time. */
export function timestampMs(timestamp: Buffer): number {
  return Date.parse(timestamp.toString('latin1'));
}

/** Long enough for the time, stream and tag of any line. */
export const maxHeaderBytes = 64;

const maxTimestampBytes = 40;
const streamBytes = 6;
const empty = Buffer.alloc(0);
const [space, full, part] = [0x20, 0x46, 0x50];
