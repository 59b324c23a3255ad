import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { debuggedCodeStart, type DebugSections, findSourceLines, type SourceLine } from '../../src/index.ts';
import { assemble } from '../fixtures/assemble.ts';
import { type Part, bytesOf, custom, leb, moduleOf } from '../fixtures/bytes.ts';
import { debugSectionsOf, trapLines } from '../fixtures/trap-lines.ts';
import { createRandom } from '../../../../tooling/faults-of.ts';
import { mutate } from '../fixtures/mutate.ts';

const seed = 20_261_125;
const rounds = 4_000;
const slowMs = 600;

const compiled = ['dwarf-4', 'dwarf-5'].map((name) => {
  const bytes = readFileSync(new URL(`../fixtures/lines/${name}.wasm`, import.meta.url));
  return [name, bytes] as const;
});

const u16 = (value: number): Part => [value & 0xff, value >> 8];
const u32 = (value: number): Part => [u16(value & 0xffff), u16(value >>> 16)];
const text = (value: string): Part => [...Buffer.from(value), 0];
const sized = (...parts: readonly Part[]): Part => [u32(bytesOf(...parts).length), ...parts];

/** Opcodes 1 to 12, as everybody has them. */
const opcodes: Part = [13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];
/** Lines from -3 on, twelve of them. */
const header = [1, 1, 1, 0xfd, 12, opcodes];

/** A table of version 4, of two files in two directories. */
const unit = (...program: readonly Part[]): Part =>
  sized(
    u16(4),
    sized(
      ...header,
      text('lib'),
      text('/usr/include'),
      0,
      text('a.c'),
      0,
      0,
      0,
      text('b.h'),
      1,
      0,
      0,
      text('c.h'),
      2,
      0,
      0,
      0,
    ),
    ...program,
  );
const at = (address: number): Part => [0, 5, 2, u32(address)];
const end: Part = [0, 1, 1];
const copy = 1;
const advance = (by: number): Part => [2, leb(by)];
const line = (by: number): Part => [3, by & 0x7f];
const file = (number: number): Part => [4, number];
const column = (number: number): Part => [5, number];

const find = (addresses: readonly number[], ...units: readonly Part[]): readonly (SourceLine | undefined)[] =>
  findSourceLines({ lines: Uint8Array.from(bytesOf(...units)) }, addresses);

describe('line tables', () => {
  test.each(compiled)('of clang tell where a trap and its callers are: %s', (name, bytes) => {
    const where = name === 'dwarf-5' ? '/source/' : '';
    expect(trapLines(bytes)).toEqual([
      { file: `${where}./lib/divide.h`, line: 3, column: 16 },
      { file: `${where}main.c`, line: 9, column: 7 },
    ]);
  });

  test('hold from one row to the next, in each sequence', () => {
    const table = unit(
      [at(10), line(4), column(3), copy, advance(5), line(1), copy, advance(5), end],
      [at(100), file(2), copy, advance(1), file(3), line(1), column(0), copy, advance(1), end],
    );
    expect(find([9, 10, 14, 15, 19, 20, 100, 101, 102], table)).toEqual([
      undefined,
      { file: 'a.c', line: 5, column: 3 },
      { file: 'a.c', line: 5, column: 3 },
      { file: 'a.c', line: 6, column: 3 },
      { file: 'a.c', line: 6, column: 3 },
      undefined,
      { file: 'lib/b.h', line: 1 },
      { file: '/usr/include/c.h', line: 2 },
      undefined,
    ]);
  });

  test('move by special opcodes and constants as well', () => {
    // 13 is the first special opcode: no bytes, three lines back. 8 is as far as 255: 20 bytes. 9 takes its own.
    const table = unit(
      at(10),
      line(10),
      copy,
      13 + 12 * 2 + 5,
      8,
      13 + 3,
      [9, u16(300)],
      copy,
      advance(1),
      end,
    );
    expect(find([10, 12, 32, 332], table).map((place) => place?.line)).toEqual([11, 13, 13, 13]);
    expect(find([331], table).map((place) => place?.line)).toEqual([13]);
  });

  test('skip what is not known: opcodes of others, tables of other versions', () => {
    const foreign = sized(u16(9), 1, 2, 3);
    const table = unit([0, 3, 0x80, 1, 2], at(10), 6, 7, 10, 11, [12, 5], copy, advance(1), end);
    expect(find([10], foreign, table)).toEqual([{ file: 'a.c', line: 1 }]);
  });

  test('are not believed of functions that the linker has removed', () => {
    const removed = unit(at(0), line(50), copy, advance(100), end);
    expect(find([10], removed, unit(at(10), copy, advance(1), end))).toEqual([{ file: 'a.c', line: 1 }]);
  });

  test('tell nothing of code without a line, or in a file that the table has not', () => {
    const table = unit(
      at(10),
      line(-1),
      copy,
      advance(1),
      line(1),
      file(9),
      copy,
      advance(1),
      file(0),
      copy,
      advance(1),
      end,
    );
    expect(find([10, 11, 12], table)).toEqual([undefined, undefined, undefined]);
  });

  test('that are malformed tell what they can', () => {
    const good = unit(at(10), copy, advance(1), end);
    const noLines = sized(u16(4), sized(1, 1, 1, 0, 0, opcodes));
    const endless = sized(u16(4), sized(...header, text('lib')));
    expect(find([10], noLines, endless, good, [255, 255, 255, 0])).toEqual([{ file: 'a.c', line: 1 }]);
    expect(find([10])).toEqual([undefined]);
    expect(find([], good)).toEqual([]);
  });
});

/** A table of version 5 with these tables of names, in which code at 10 is of file 0. */
const names = (...formats: readonly Part[]): Part =>
  sized(u16(5), 4, 0, sized(...header, ...formats), at(10), file(0), copy, advance(1), end);

describe('tables of version 5', () => {
  const lineStrings = Uint8Array.from(Buffer.from('/source\0main.c\0'));
  const strings = Uint8Array.from(Buffer.from('x\0elsewhere.c\0'));
  const findIn = (table: Part, more: Partial<DebugSections> = {}) =>
    findSourceLines({ lines: Uint8Array.from(bytesOf(table)), lineStrings, strings, ...more }, [10])[0];

  test('have their names in three places, and checksums', () => {
    const directories: Part = [1, [1, 0x1f], 1, u32(0)];
    expect(findIn(names(directories, [2, [1, 0x1f], [2, 0x0b]], 1, u32(8), 0))?.file).toBe('/source/main.c');
    expect(findIn(names(directories, [1, [1, 0x0e]], 1, u32(2)))?.file).toBe('/source/elsewhere.c');
    const summed: Part = [3, [1, 0x08], [5, 0x1e], [2, 0x0f], 1, text('/a.c'), Buffer.alloc(16), 0].map(
      (part) => (part instanceof Uint8Array ? [...part] : part),
    );
    expect(findIn(names(directories, summed))?.file).toBe('/a.c');
  });

  test('tell nothing where their names are not, or do not end', () => {
    const directories: Part = [1, [1, 0x1f], 1, u32(0)];
    const table = names(directories, [1, [1, 0x0e]], 1, u32(2));
    expect(findIn(table, { strings: undefined })).toBeUndefined();
    expect(findIn(table, { strings: strings.subarray(0, 6) })).toBeUndefined();
    expect(findIn(names(directories, [1, [1, 0x0e]], 1, u32(2 ** 31)))).toBeUndefined();
  });

  test('that announce names without end are given up, soon', () => {
    const many: Part = leb(2n ** 60n);
    const begin = performance.now();
    expect(findIn(names([0, many]))).toBeUndefined();
    expect(findIn(names([1, [1, 0x1f], many]))).toBeUndefined();
    expect(findIn(names([1, [1, 0x09], many]))).toBeUndefined();
    expect(performance.now() - begin).toBeLessThan(slowMs);
  });
});

test('code is counted from the content of its section, in modules that have line tables', async () => {
  const bytes = await assemble('(func unreachable)');
  expect(debuggedCodeStart(bytes)).toBeUndefined();
  const debugged = Buffer.concat([bytes, Uint8Array.from(bytesOf(custom('.debug_line')))]);
  const start = debuggedCodeStart(debugged) ?? 0;
  expect([...bytes.subarray(start - 2, start + 1)]).toEqual([10, bytes[start - 1], 1]);
  expect(debuggedCodeStart(moduleOf(custom('.debug_line')))).toBeUndefined();
});

describe.each(compiled)('the tables of %s', (_name, bytes) => {
  const sections = debugSectionsOf(bytes);

  test('are told or not in every mutation, soon, and never with an error', { timeout: 60_000 }, () => {
    const random = createRandom(seed);
    let told = 0;
    for (let round = 0; round < rounds; round += 1) {
      const lines = mutate(sections.lines, random);
      const lineStrings = sections.lineStrings && mutate(sections.lineStrings, random);
      const addresses = Array.from({ length: 20 }, () => random(60));
      const before = process.threadCpuUsage();
      const found = findSourceLines({ lines, lineStrings, strings: lineStrings }, addresses);
      const { user, system } = process.threadCpuUsage(before);
      expect((user + system) / 1_000).toBeLessThan(slowMs);
      for (const place of found) {
        if (place === undefined) continue;
        told += 1;
        expect(place.file.length).toBeLessThan(4_000);
        expect(place.line).toBeGreaterThan(0);
      }
    }
    expect(told).toBeGreaterThan(rounds);
  });

  test('are told or not wherever they are cut', () => {
    for (let length = 0; length < sections.lines.length; length += 1) {
      const cut = { ...sections, lines: sections.lines.subarray(0, length) };
      expect(findSourceLines(cut, [20])).toEqual([undefined]);
    }
  });
});

test('tens of megabytes of rows take seconds at most', { timeout: 60_000 }, () => {
  const rows = Buffer.alloc(32 * 1024 * 1024, 13 + 12 + 3);
  const table = bytesOf(u16(4), sized(...header, 0, text('a.c'), 0, 0, 0, 0), at(10));
  const lines = Buffer.concat([
    Uint8Array.from(bytesOf(u32(table.length + rows.length))),
    Uint8Array.from(table),
    rows,
  ]);
  const before = process.threadCpuUsage();
  const [place] = findSourceLines({ lines }, [30_000_000]);
  const { user } = process.threadCpuUsage(before);
  expect(place?.file).toBe('a.c');
  expect(user / 1_000_000).toBeLessThan(10);
});
