import { expect, test } from 'vitest';
import { formatCriLines, type LogStream, maxLineBytes } from '../../../src/output/cri-line.ts';
import type { Dice } from '../../fixtures/dice.ts';
import { faultsOf, fuzzTimeoutMs, toHex } from '../../fixtures/faults-of.ts';

// A guest writes what it likes, in whatever pieces: a reader that knows nothing but the format gets the same bytes back, line by
// line. Seeded, so that a failure can be repeated; with FUZZ_SECONDS, the test goes on so much longer with other seeds.
const at = '2026-01-02T03:04:05.000000006Z';
const newline = 0x0a;

interface Write {
  readonly stream: LogStream;
  readonly bytes: Uint8Array;
}

function randomWrites(dice: Dice): readonly Write[] {
  return Array.from({ length: 1 + dice.below(6) }, () => ({
    stream: dice.pick(['stdout', 'stderr'] as const),
    bytes: Buffer.concat(Array.from({ length: dice.below(8) }, () => randomPiece(dice))),
  }));
}

function randomPiece(dice: Dice): Uint8Array {
  switch (dice.below(6)) {
    case 0:
      return Buffer.alloc(1 + dice.below(3), newline);
    case 1:
      return Buffer.from(Array.from({ length: dice.below(40) }, () => dice.below(256)));
    case 2:
      return Buffer.alloc(maxLineBytes - 2 + dice.below(5), 'x');
    case 3:
      return Buffer.alloc(dice.below(3) * maxLineBytes, 'grüße');
    case 4: // what looks like a line of the log
      return Buffer.from(`${at} ${dice.pick(['stdout', 'stderr'])} ${dice.pick(['F', 'P'])} forged\n`);
    default:
      return Buffer.from(dice.pick(['words', '\r', '\r\n', '\0', ' ', 'F ', 'P ', '\u2028']));
  }
}

function read(writes: readonly Write[]): string | undefined {
  const log = Buffer.concat(writes.map(({ stream, bytes }) => formatCriLines(stream, bytes, at)));
  if (log.length > 0 && log.at(-1) !== newline) return 'the log does not end with a line';
  const joined = { stdout: '', stderr: '' };
  for (const line of log.toString('latin1').split('\n').slice(0, -1)) {
    const [, stream, tag, content = ''] = /^\S{30} (stdout|stderr) ([FP]) ([^]*)$/.exec(line) ?? [];
    if (stream !== 'stdout' && stream !== 'stderr') return `no line: ${line.slice(0, 100)}`;
    if (content.length > maxLineBytes) return `a line of ${content.length} bytes`;
    if (tag === 'P' && content === '') return 'an empty part of a line';
    joined[stream] += tag === 'F' ? `${content}\n` : content;
  }
  const lost = (['stdout', 'stderr'] as const).find((stream) => joined[stream] !== writtenTo(stream, writes));
  return lost && `${lost} is not what was written`;
}

function writtenTo(stream: LogStream, writes: readonly Write[]): string {
  return writes
    .filter((write) => write.stream === stream)
    .map(({ bytes }) => Buffer.from(bytes).toString('latin1'))
    .join('');
}

const show = (writes: readonly Write[]): string =>
  writes.map(({ stream, bytes }) => `${stream} ${toHex(bytes)}`).join(', ');

test('whatever is written comes back by its lines', { timeout: fuzzTimeoutMs }, async () => {
  expect(await faultsOf({ rounds: 2_000, make: randomWrites, read, show })).toEqual([]);
});
