import { describe, expect, test } from 'vitest';
import { expand, referencedNames } from '../../../src/containers/expansion.ts';

const env = [
  { name: 'A', value: 'old' },
  { name: 'B', value: '$(A)' },
  { name: 'EMPTY', value: '' },
  { name: 'A', value: 'a' },
];

describe('expansion', () => {
  test.each([
    ['plain', 'plain'],
    ['$(A)', 'a'],
    ['<$(A)-$(A)>', '<a-a>'],
    ['$(B)', '$(A)'],
    ['$(EMPTY)', ''],
    ['$(NONE)', '$(NONE)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$a'],
    ['$$$$(A)', '$$(A)'],
    ['$$', '$'],
    ['$', '$'],
    ['$A', '$A'],
    ['$(A', '$(A'],
    ['$()', '$()'],
    ['$(A$(A))', '$(A$(A))'],
    ['a$', 'a$'],
    ['$x$(A)', '$xa'],
    ['{$(A)}', '{a}'],
  ])('of %j is %j', (text, expected) => {
    expect(expand(text, env)).toBe(expected);
  });

  test('does not grow without bound', () => {
    const big = [{ name: 'A', value: 'x'.repeat(100_000) }];
    expect(() => expand('$(A)$(A)', big)).toThrow('expands to more than');
  });

  test('names what it would look up', () => {
    expect(referencedNames('$(A)/$$(B)/$(C)/$D')).toEqual(['A', 'C']);
  });
});
