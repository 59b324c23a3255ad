import { describe, expect, test } from 'vitest';
import { createTimestamps, formatCriLines, maxLineBytes } from '../../../src/output/cri-line.ts';

const at = '2026-01-02T03:04:05.000000006Z';
const format = (text: string): string =>
  Buffer.from(formatCriLines('stdout', Buffer.from(text), at)).toString();

describe('a write as CRI lines', () => {
  test.each([
    ['a line', 'hello\n', `${at} stdout F hello\n`],
    ['an empty line', '\n', `${at} stdout F \n`],
    ['two lines', 'a\nb\n', `${at} stdout F a\n${at} stdout F b\n`],
    ['a part of a line', 'a', `${at} stdout P a\n`],
    ['a line and a part', 'a\nb', `${at} stdout F a\n${at} stdout P b\n`],
    ['a carriage return', 'a\r\n', `${at} stdout F a\r\n`],
    ['nothing', '', ''],
  ])('%s', (_what, written, expected) => {
    expect(format(written)).toBe(expected);
  });

  test('splits what is longer than 16 KiB, and joins to the same bytes', () => {
    const long = `${'x'.repeat(maxLineBytes)}${'y'.repeat(maxLineBytes)}z\n`;
    const lines = format(long).split('\n').slice(0, -1);
    expect(lines.map((line) => line.slice(at.length, at.length + 10))).toEqual([
      ' stdout P ',
      ' stdout P ',
      ' stdout F ',
    ]);
    expect(`${lines.map((line) => line.slice(at.length + 10)).join('')}\n`).toBe(long);
  });

  test('of exactly 16 KiB is one line', () => {
    expect(format(`${'x'.repeat(maxLineBytes)}\n`)).toBe(`${at} stdout F ${'x'.repeat(maxLineBytes)}\n`);
  });

  test('keeps bytes that are no UTF-8', () => {
    const lines = formatCriLines('stderr', Uint8Array.of(0xff, 0xfe, 0x0a), at);
    expect(Buffer.from(lines).subarray(-4)).toEqual(Buffer.from([0x20, 0xff, 0xfe, 0x0a]));
  });
});

function clockAt(wallMs: number) {
  const clock = { wall: wallMs, ns: 5_000_000_000n };
  return Object.assign(clock, { wallMs: () => clock.wall, monotonicNs: () => clock.ns });
}

describe('timestamps', () => {
  const start = Date.UTC(2026, 0, 2, 3, 4, 5, 999);

  test('have nine digits and cross seconds', () => {
    const clock = clockAt(start);
    const timestamp = createTimestamps(clock);
    expect(timestamp()).toBe('2026-01-02T03:04:05.999000000Z');
    clock.ns += 999_999n;
    expect(timestamp()).toBe('2026-01-02T03:04:05.999999999Z');
    clock.ns += 1n;
    clock.wall += 1;
    expect(timestamp()).toBe('2026-01-02T03:04:06.000000000Z');
  });

  test('follow the wall clock when it is set', () => {
    const clock = clockAt(start);
    const timestamp = createTimestamps(clock);
    timestamp();
    clock.ns += 2_000_000_000n;
    clock.wall += 3_602_000;
    expect(timestamp()).toBe('2026-01-02T04:04:07.999000000Z');
  });
});
