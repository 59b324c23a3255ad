import { describe, expect, test } from 'vitest';
import { describeWasm } from '../../src/index.ts';
import { componentOf, leb, moduleOf, type Part, section } from '../fixtures/bytes.ts';
import { errorOf } from '../fixtures/error-of.ts';

const failureOf = (bytes: Uint8Array, limits?: Parameters<typeof describeWasm>[1]) =>
  errorOf(() => describeWasm(bytes, limits));

test('bytes that are no wasm are NOT_WASM at their beginning', () => {
  for (const bytes of [new Uint8Array(), Buffer.from('#!/bin/sh\n'), moduleOf().subarray(0, 7)]) {
    expect(failureOf(bytes)).toMatchObject({ code: 'NOT_WASM', offset: 0 });
  }
});

describe('TRUNCATED, with the place from which bytes are missing', () => {
  test.each([
    ['a section that announces more than follows', moduleOf(1, 5, 0), 10],
    ['a section without its length', moduleOf(1), 9],
    ['a length that goes on', moduleOf(1, 0x80), 10],
    ['a name longer than its section', moduleOf(section(7, [leb(1000), 0x61])), 13],
    ['more items than bytes', moduleOf(2, 5, 0xff, 0xff, 0xff, 0xff, 0x0f), 15],
    ['an item that ends with its section', moduleOf(5, 2, 1, 0), 12],
    ['a section of a component', componentOf(10, 9, 1, 0), 10],
    ['an export without its index', componentOf(section(11, [0, 'a', 3])), 15],
  ])('%s', (_what, bytes, offset) => {
    expect(failureOf(bytes)).toMatchObject({ code: 'TRUNCATED', offset });
  });

  test('wherever a binary is cut in the midst of a section', () => {
    const bytes = moduleOf(section(2, ['env', 'memory', 2, 0, 1]), section(7, ['memory', 2, 0]));
    const boundaries = new Set([8, 8 + 2 + 1 + 4 + 7 + 3]);
    const lengths = Array.from({ length: bytes.length - 8 }, (_, index) => 8 + index);
    expect(lengths.map((length) => failureOf(bytes.subarray(0, length))?.code)).toEqual(
      lengths.map((length) => (boundaries.has(length) ? undefined : 'TRUNCATED')),
    );
  });
});

describe('MALFORMED, with the place', () => {
  const long = [0x80, 0x80, 0x80, 0x80];
  const wide = Array.from({ length: 9 }, () => 0xff);

  test.each([
    ['a number of more than 32 bits', moduleOf(5, 7, 1, 0, long, 0x10), 17],
    ['a number of more than 5 bytes', moduleOf(5, 8, 1, 0, long, 0x80, 0), 17],
    ['a number of more than 64 bits', moduleOf(section(5, [4, wide, 0x02])), 22],
    ['a name that is not UTF-8', moduleOf(section(7, [2, 0xc3, 0x28, 0, 0])), 12],
    ['an unknown kind of import', moduleOf(section(2, ['', '', 5, 0])), 14],
    ['unknown flags of a memory', moduleOf(section(5, [8, 0])), 12],
    ['unknown flags of a table', moduleOf(section(4, [0x70, 8, 0])), 13],
    ['bytes after the last item', moduleOf(5, 4, 1, 0, 1, 99), 13],
    ['an unknown section', moduleOf(99, 0), 10],
    ['an unknown kind of table', moduleOf(section(4, [0x40, 1])), 13],
    ['an instruction in an initial value', withTable(0x10, 0, 0x0b), 17],
    ['a reference instruction in an initial value', withTable(0xfb, 2, 0, 0x0b), 18],
    ['a constant of too many bytes', withTable(0x41, ...long, 0x80, 0x0b), 22],
    ['an unknown section of a component', componentOf(99, 0), 10],
    ['an unknown form of a name', componentOf(section(10, [3, 'a', 1, 0])), 12],
    ['an unknown attribute of a name', componentOf(section(10, [2, 'a', 1, 3, 'b', 1, 0])), 16],
    ['an unknown kind of import of a component', componentOf(section(10, [0, 'a', 6, 0])), 15],
    ['a core sort that cannot be imported', componentOf(section(10, [0, 'a', 0, 0, 0])), 16],
    ['bytes after the last import of a component', componentOf(10, 7, 1, 0, 1, 0x61, 1, 0, 0), 16],
  ])('%s', (_what, bytes, offset) => {
    expect(failureOf(bytes)).toMatchObject({ code: 'MALFORMED', offset });
  });

  test('is told in the message', () => {
    expect(failureOf(moduleOf(99, 0))?.message).toBe('an unknown section 99 (at byte 10)');
  });
});

describe('TOO_LARGE', () => {
  test.each([
    ['bytes', moduleOf(section(5)), { maxBytes: 10 }, 0],
    ['sections', moduleOf(section(1), section(3)), { maxSections: 1 }, 11],
    ['imports', two(2, ['', '', 0, 0]), { maxNames: 1 }, 11],
    ['exports', two(7, ['', 0, 0]), { maxNames: 1 }, 11],
    ['memories', two(5, [0, 1]), { maxMemories: 1 }, 11],
    ['tables', two(4, [0x70, 0, 1]), { maxTables: 1 }, 11],
    ['bytes of names', two(7, ['abcd', 0, 0]), { maxNamesBytes: 9 }, 18],
    [
      'bytes of names of a component',
      componentOf(section(11, [0, 'abcd', 3, 0, 0])),
      { maxNamesBytes: 4 },
      12,
    ],
    ['imports of a component', componentOf(section(10, [0, 'a', 1, 0], [0, 'b', 1, 0])), { maxNames: 1 }, 11],
  ])('%s above a limit that the caller gives', (_what, bytes, limits, offset) => {
    expect(failureOf(bytes, limits)).toMatchObject({ code: 'TOO_LARGE', offset });
    expect(failureOf(bytes)).toBeUndefined();
  });

  test('counts over all sections of a kind', () => {
    const one = section(10, [0, 'a', 1, 0]);
    expect(failureOf(componentOf(one, one), { maxNames: 1 })).toMatchObject({ code: 'TOO_LARGE' });
  });

  test('a name of more than 100,000 bytes', () => {
    const bytes = moduleOf(section(7, ['x'.repeat(100_001), 0, 0]));
    expect(failureOf(bytes)).toMatchObject({ code: 'TOO_LARGE', offset: 16 });
  });
});

/** A module with a table that has an initial value. */
function withTable(...expression: readonly number[]): Uint8Array {
  return moduleOf(section(4, [0x40, 0, 0x70, 0, 1, ...expression]));
}

function two(id: number, item: Part): Uint8Array {
  return moduleOf(section(id, item, item));
}
