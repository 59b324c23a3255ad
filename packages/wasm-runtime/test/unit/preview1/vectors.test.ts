import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errno } from '../../../src/preview1/errno.ts';
import {
  type CalledHost,
  callHost,
  oflags,
  resultAt,
  rights,
  vectorsAt,
} from '../../conformance/called-host.ts';

const dataAt = 16_384;
let base: string;
let guest: CalledHost;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'preview1-vectors-'));
  guest = callHost(process.platform === 'linux' ? { mounts: [{ hostPath: base, guestPath: '/' }] } : {});
});

afterEach(() => {
  guest.host.close();
  rmSync(base, { recursive: true });
});

const bytesOf = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, index) => index % 251));

/** Lays out vectors of these lengths, one byte apart from each other. */
function layOut(lengths: readonly number[]): readonly number[] {
  let at = dataAt;
  return lengths.map((length, index) => {
    guest.view.setUint32(vectorsAt + 8 * index, at, true);
    guest.view.setUint32(vectorsAt + 8 * index + 4, length, true);
    at += length + 1;
    return at - length - 1;
  });
}

const shapes: readonly (readonly number[])[] = [
  [],
  [0, 0],
  [5, 0, 7],
  [0, 3],
  [64, 65, 1],
  [4_096, 4_096],
  [4_096, 4_097],
  [1, 1, 1, 1, 1, 1, 1, 1],
  [1, 1, 1, 1, 1, 1, 1, 1, 1],
  [40_000, 40_000],
];

describe.runIf(process.platform === 'linux')('several vectors', () => {
  test.each(shapes.map((lengths) => [lengths.join(' + '), lengths] as const))(
    'are written to a file and read from it as they lie: %s',
    (_name, lengths) => {
      const total = lengths.reduce((sum, length) => sum + length, 0);
      const content = bytesOf(total);
      const fd = guest.open(3, 'file', { oflags: oflags.creat, rights: rights.all });
      const starts = layOut(lengths);
      let from = 0;
      for (const [index, start] of starts.entries()) {
        const length = lengths[index] ?? 0;
        new Uint8Array(guest.memory.buffer).set(content.subarray(from, from + length), start);
        from += length;
      }
      expect(guest.call('fd_write', fd, vectorsAt, lengths.length, resultAt)).toBe(errno.success);
      expect(guest.view.getUint32(resultAt, true)).toBe(total);
      expect(Buffer.compare(readFileSync(join(base, 'file')), content)).toBe(0);

      new Uint8Array(guest.memory.buffer, dataAt, 100_000).fill(0xff);
      expect(guest.call('fd_seek', fd, 0n, 0, resultAt)).toBe(errno.success);
      expect(guest.call('fd_read', fd, vectorsAt, lengths.length, resultAt)).toBe(errno.success);
      expect(guest.view.getUint32(resultAt, true)).toBe(total);
      const memory = Buffer.from(guest.memory.buffer);
      const read = starts.map((start, index) => memory.subarray(start, start + (lengths[index] ?? 0)));
      expect(Buffer.compare(Buffer.concat(read), content)).toBe(0);
      for (const [index, start] of starts.entries()) {
        expect(memory[start + (lengths[index] ?? 0)]).toBe(0xff);
      }
    },
  );

  test('are filled in order as far as the file goes', () => {
    writeFileSync(join(base, 'file'), 'abcdef');
    const [first = 0, second = 0, third = 0] = layOut([4, 4, 4]);
    new Uint8Array(guest.memory.buffer, dataAt, 16).fill(46);
    const fd = guest.open(3, 'file');
    expect(guest.call('fd_read', fd, vectorsAt, 3, resultAt)).toBe(errno.success);
    expect(guest.view.getUint32(resultAt, true)).toBe(6);
    const text = (start: number) => Buffer.from(guest.memory.buffer, start, 4).toString();
    expect([first, second, third].map(text)).toEqual(['abcd', 'ef..', '....']);
  });

  test.each([
    ['whose bytes lie outside', [4, 0xffff_fff0], vectorsAt, 2],
    ['that lie outside themselves', [4, 4], 3 * 65_536 - 8, 2],
  ] as const)('%s are EFAULT, and nothing is moved', (_what, lengths, at, count) => {
    writeFileSync(join(base, 'file'), 'abcdef');
    layOut(lengths);
    const fd = guest.open(3, 'file', { rights: rights.all });
    expect(guest.call('fd_read', fd, at, count, resultAt)).toBe(errno.fault);
    expect(guest.call('fd_write', fd, at, count, resultAt)).toBe(errno.fault);
    expect(readFileSync(join(base, 'file'), 'utf8')).toBe('abcdef');
  });
});
