import { describe, expect, test } from 'vitest';
import { capTables, describeWasm } from '../../src/index.ts';
import { assemble } from '../fixtures/assemble.ts';
import { leb, moduleOf, section } from '../fixtures/bytes.ts';
import { errorOf } from '../fixtures/error-of.ts';

const tablesOf = (bytes: Uint8Array) => {
  const description = describeWasm(bytes);
  return description.kind === 'module' ? description.tables : [];
};

async function capped(text: string, elements: number) {
  const bytes = capTables(await assemble(text), elements);
  expect(WebAssembly.validate(bytes)).toBe(true);
  return tablesOf(bytes).map(({ min, max }) => [min, max]);
}

describe('tables', () => {
  test('grow to the limit and no further', async () => {
    const bytes = capTables(
      await assemble(`(table 1 externref)
        (func (export "grow") (param i32) (result i32) (table.grow (ref.null extern) (local.get 0)))`),
      10,
    );
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    const grow = exports['grow'] as (elements: number) => number;
    expect([grow(9), grow(1)]).toEqual([1, -1]);
  });

  test.each([
    ['a higher maximum comes down', '(table 1 100 funcref)', 10, [[1, 10]]],
    ['a lower maximum stays', '(table 1 5 funcref)', 10, [[1, 5]]],
    [
      'several share what is left',
      '(table 1 funcref) (table 4 externref) (table 2 3 funcref)',
      13,
      [
        [1, 3],
        [4, 6],
        [2, 3],
      ],
    ],
    ['what is declared may be all there is', '(table 10 funcref)', 10, [[10, 10]]],
  ])('%s', async (_what, text, elements, expected) => {
    expect(await capped(text, elements)).toEqual(expected);
  });

  test('keep their types and initial values', () => {
    const initial = [0x40, 0, 0x63, 0x70, 0, 1, 0xd0, 0x70, 0x0b];
    const bytes = moduleOf(section(4, [0x70, 0, 2], initial));
    expect(capTables(bytes, 1000)).toEqual(
      moduleOf(
        section(4, [0x70, 1, 2, leb(2 + 498)], [0x40, 0, 0x63, 0x70, 1, 1, leb(1 + 498), 0xd0, 0x70, 0x0b]),
      ),
    );
  });

  test('that are too large together are TABLE_LIMIT', async () => {
    const bytes = await assemble('(table 6 funcref) (table 6 funcref)');
    expect(errorOf(() => capTables(bytes, 10))).toMatchObject({
      code: 'TABLE_LIMIT',
      message: 'the module declares tables of 12 elements; its limit allows 10 (at byte 8)',
    });
  });
});

test.each(['', '(table 1 2 funcref)', '(import "env" "t" (table 50 funcref))'])(
  'a module that has nothing to cap stays the very same bytes: %s',
  async (text) => {
    const bytes = await assemble(text);
    expect(capTables(bytes, 10)).toBe(bytes);
  },
);

test.each([-1, Number.NaN])('a limit of %d elements is refused', (elements) => {
  expect(() => capTables(moduleOf(), elements)).toThrow(RangeError);
});
