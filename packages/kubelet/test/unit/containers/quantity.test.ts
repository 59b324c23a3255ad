import { describe, expect, test } from 'vitest';
import { ceilDivide, parseNanos, parseQuantity } from '../../../src/containers/quantity.ts';

describe('a quantity', () => {
  test.each<[string | number, number]>([
    ['0', 0],
    ['2', 2],
    [3, 3],
    [0.5, 0.5],
    ['100m', 0.1],
    ['1100m', 1.1],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['5.', 5],
    ['+1', 1],
    ['-1', -1],
    ['1u', 0.000001],
    ['1n', 0.000000001],
    ['1k', 1_000],
    ['1M', 1_000_000],
    ['2G', 2_000_000_000],
    ['1T', 1e12],
    ['1P', 1e15],
    ['1E', 1e18],
    ['64Mi', 67_108_864],
    ['1Ki', 1_024],
    ['1.5Gi', 1_610_612_736],
    ['1Ti', 2 ** 40],
    ['1Pi', 2 ** 50],
    ['1Ei', 2 ** 60],
    ['1e3', 1_000],
    ['1E3', 1_000],
    ['12e-1', 1.2],
    ['0.1Mi', 104_857.6],
  ])('%j is %d', (text, expected) => {
    expect(parseQuantity(text)).toBe(expected);
  });

  test.each([
    undefined,
    '',
    ' ',
    'x',
    '1x',
    '1KI',
    '1mi',
    '1 Mi',
    '1.2.3',
    '.',
    '1e',
    '1e100',
    '--1',
    'Ki',
    '0x10',
  ])('is not %j', (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  });

  test('is exact beyond what a floating point number holds', () => {
    expect(parseNanos('9007199254740993')).toBe(9_007_199_254_740_993_000_000_000n);
    expect(parseNanos('0.1')).toBe(100_000_000n);
  });

  test('finer than a billionth is rounded up', () => {
    expect(parseNanos('0.0000000001')).toBe(1n);
    expect(parseNanos('1e-20')).toBe(1n);
  });

  test('divides rounding up', () => {
    expect([ceilDivide(0n, 3n), ceilDivide(1n, 3n), ceilDivide(3n, 3n), ceilDivide(4n, 3n)]).toEqual([
      0n,
      1n,
      1n,
      2n,
    ]);
  });
});
