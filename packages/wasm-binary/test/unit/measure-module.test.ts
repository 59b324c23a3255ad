import { describe, expect, test } from 'vitest';
import { measureModule } from '../../src/index.ts';
import { assemble } from '../fixtures/assemble.ts';
import { componentOf, moduleOf, section } from '../fixtures/bytes.ts';
import { errorOf } from '../fixtures/error-of.ts';

test('a module is counted', async () => {
  const bytes = await assemble(`
    (import "env" "f" (func)) (memory 1) (global i32 (i32.const 1)) (global (mut i64) (i64.const 1))
    (func (export "a")) (func (param i32) (drop (i32.const 1)) (drop (i32.const 1))) (data (i32.const 0) "abcd")`);
  expect(measureModule(bytes)).toEqual({
    types: 2,
    garbageCollected: false,
    functions: 2,
    imports: 1,
    exports: 1,
    globals: 2,
    codeBytes: 1 + (1 + 2) + (1 + 8),
    longestFunctionBytes: 8,
    dataBytes: 1 + 4 + 1 + 4,
  });
});

describe('types', () => {
  const func = [0x60, 0, 0];
  const array = [0x5e, 0x78, 1];
  const struct = [0x5f, 2, 0x63, 0x70, 0, 0x7f, 1];

  test.each([
    ['functions alone', [func, func], 2, false],
    ['an array', [func, array], 2, true],
    ['a struct', [struct], 1, true],
    ['a group', [[0x4e, 3, func, array, [0x50, 1, 0, struct]], func], 4, true],
    ['a final subtype of a function', [[0x4f, 0, 0x60, 1, 0x64, 0x6f, 1, 0x7f]], 1, false],
  ])('of %s are counted one by one', (_what, items, types, garbageCollected) => {
    expect(measureModule(moduleOf(section(1, ...items)))).toMatchObject({ types, garbageCollected });
  });

  test('of an unknown form are MALFORMED', () => {
    expect(errorOf(() => measureModule(moduleOf(section(1, [0x5a]))))).toMatchObject({ code: 'MALFORMED' });
  });
});

test('a component is refused', () => {
  expect(errorOf(() => measureModule(componentOf()))).toMatchObject({ code: 'MALFORMED', offset: 4 });
});
