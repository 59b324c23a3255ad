import { describe, expect, test } from 'vitest';
import { capMemory, describeWasm } from '../../src/index.ts';
import { assemble } from '../fixtures/assemble.ts';
import { componentOf, custom, leb, moduleOf, section } from '../fixtures/bytes.ts';
import { errorOf } from '../fixtures/error-of.ts';

const page = 65_536;

const memoriesOf = (bytes: Uint8Array) => {
  const description = describeWasm(bytes);
  return description.kind === 'module' ? description.memories : [];
};

async function capped(text: string, pages: number): Promise<Uint8Array> {
  const bytes = capMemory(await assemble(text), pages * page);
  expect(WebAssembly.validate(bytes)).toBe(true);
  return bytes;
}

describe('a memory', () => {
  test('without a maximum grows to the limit and no further, and all else works as before', async () => {
    const bytes = await capped(
      `(memory (export "memory") 1)
       (data (i32.const 8) "kept")
       (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))`,
      3,
    );
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    const grow = exports['grow'] as (pages: number) => number;
    const memory = exports['memory'] as WebAssembly.Memory;
    expect(Buffer.from(memory.buffer, 8, 4).toString()).toBe('kept');
    expect([grow(1), grow(2), grow(1), grow(1)]).toEqual([1, -1, 2, -1]);
    expect(memory.buffer.byteLength).toBe(3 * page);
  });

  test.each([
    ['a higher maximum comes down', '(memory 1 100)', 10, 10],
    ['a lower maximum stays', '(memory 1 5)', 10, 5],
    ['a minimum at the limit is all there is', '(memory 10)', 10, 10],
    ['no page is allowed where none is needed', '(memory 0)', 0, 0],
    ['more than can be addressed is what can be addressed', '(memory 1)', 200_000, 65_536],
    ['a shared memory stays shared', '(memory 1 100 shared)', 10, 10],
    ['64-bit addresses stay', '(memory i64 1)', 100_000, 100_000],
  ])('%s: %s', async (_what, text, pages, maxPages) => {
    const [before] = memoriesOf(await assemble(text));
    expect(memoriesOf(await capped(text, pages))).toEqual([{ ...before, maxPages }]);
  });

  test('has a limit in whole pages', async () => {
    const bytes = capMemory(await assemble('(memory 1)'), 3 * page - 1);
    expect(memoriesOf(bytes)).toMatchObject([{ maxPages: 2 }]);
  });

  test('can be limited by nothing but its addresses', async () => {
    const bytes = capMemory(await assemble('(memory 1)'), Infinity);
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(memoriesOf(bytes)).toMatchObject([{ maxPages: 65_536 }]);
  });
});

describe('several memories', () => {
  test('keep what they declare and share the rest', async () => {
    const bytes = await capped('(memory 1) (memory 4) (memory 2 3)', 13);
    expect(memoriesOf(bytes).map(({ maxPages }) => maxPages)).toEqual([3, 6, 3]);
  });

  test('are too large together, though each would fit', async () => {
    const bytes = await assemble('(memory 6) (memory 6)');
    expect(errorOf(() => capMemory(bytes, 10 * page))).toMatchObject({ code: 'MEMORY_LIMIT' });
  });

  test('that are imported do not count and are not changed', async () => {
    const text = '(import "env" "memory" (memory 50 60)) (memory 1)';
    expect(memoriesOf(await capped(text, 2)).map(({ maxPages }) => maxPages)).toEqual([60, 2]);
  });
});

describe('a module', () => {
  test.each([
    ['without a memory', ''],
    ['with an imported memory alone', '(import "env" "memory" (memory 50))'],
    ['with a maximum below the limit', '(memory 1 2)'],
  ])('%s stays the very same bytes', async (_what, text) => {
    const bytes = await assemble(text);
    expect(capMemory(bytes, 10 * page)).toBe(bytes);
  });

  test('with an empty memory section stays as it is', () => {
    const bytes = moduleOf(section(5));
    expect(capMemory(bytes, page)).toBe(bytes);
  });

  test('keeps every other section, byte for byte', () => {
    const before = [...custom('first', 1, 2), ...section(1, [0x60, 0, 0])];
    const after = [...section(7, ['memory', 2, 0]), ...custom('last', 3)];
    const bytes = moduleOf(before, section(5, [0, 1]), after);
    expect(capMemory(bytes, 1000 * page)).toEqual(moduleOf(before, section(5, [1, 1, leb(1000)]), after));
  });

  test('is not changed in the bytes that were given', async () => {
    const bytes = await assemble('(memory 1)');
    const copy = Uint8Array.from(bytes);
    capMemory(bytes, 2 * page);
    expect(bytes).toEqual(copy);
  });
});

describe('a declared minimum above the limit is MEMORY_LIMIT at its section', () => {
  test.each([
    ['4 GiB', '(memory 65536)'],
    ['one page more', '(memory 1025 1026)'],
    ['64-bit addresses', '(memory i64 1000000)'],
  ])('%s', async (_what, text) => {
    const bytes = await assemble(text);
    expect(errorOf(() => capMemory(bytes, 64 * 1024 * 1024))).toMatchObject({
      code: 'MEMORY_LIMIT',
      offset: 8,
    });
  });

  test('names both sizes', async () => {
    const bytes = await assemble('(memory 65536)');
    expect(errorOf(() => capMemory(bytes, 64 * 1024 * 1024))?.message).toBe(
      'the module declares 65536 pages of 64 KiB of memory; its limit of 67108864 bytes allows 1024 (at byte 8)',
    );
  });
});

describe('what is no module is refused', () => {
  test.each([
    ['NOT_WASM', Buffer.from('no wasm at all'), 0],
    ['MALFORMED', componentOf(), 4],
    ['MALFORMED', moduleOf(section(5, [9, 1])), 12],
    ['TRUNCATED', moduleOf(5, 9), 10],
  ])('%s', (code, bytes, offset) => {
    expect(errorOf(() => capMemory(bytes, page))).toMatchObject({ code, offset });
  });

  test.each([-1, Number.NaN])('so is a limit of %d bytes', (maxBytes) => {
    expect(() => capMemory(moduleOf(), maxBytes)).toThrow(RangeError);
  });
});
