import { describe, expect, test } from 'vitest';
import { parseComponent } from '../../../src/index.ts';
import { bytesOf, componentOf, type Part, section } from '../../fixtures/bytes.ts';
import { errorOf } from '../../fixtures/error-of.ts';

describe('bytes that are no component', () => {
  const named: Part = [0, 'a'];
  test.each<[string, readonly Part[], code: string]>([
    ['an unknown section', [99, 0], 'MALFORMED'],
    ['a section that is cut', [7, 5, 1], 'TRUNCATED'],
    ['bytes behind the last type', [[7, 3, 1, 0x42, 0, 0]], 'TRUNCATED'],
    ['an unknown type', section(7, [0x01]), 'MALFORMED'],
    ['a case that refines another', section(7, [0x71, 1, 'a', 0, 1, 0]), 'MALFORMED'],
    ['an index of more than 32 bits', section(7, [0x70, 0x80, 0x80, 0x80, 0x80, 0x10]), 'MALFORMED'],
    ['an unknown primitive type', section(7, [0x70, 0x60]), 'MALFORMED'],
    ['a record of nothing', section(7, [0x72, 0]), 'INVALID'],
    ['a variant of nothing', section(7, [0x71, 0]), 'INVALID'],
    ['a list of length 0', section(7, [0x67, 0x7d, 0]), 'INVALID'],
    ['a list that no memory can hold', section(7, [0x67, 0x77, 0x80, 0x80, 0x80, 0x80, 0x01]), 'INVALID'],
    ['named results', section(7, [0x40, 0, 1, 1, 'a', 0x7d]), 'MALFORMED'],
    ['an unknown sort', section(6, [9, 0, 0, 'a']), 'MALFORMED'],
    ['an unknown alias', section(6, [1, 3, 0, 'a']), 'MALFORMED'],
    ['an unknown canonical definition', section(8, [0x77]), 'MALFORMED'],
    ['an unknown canonical option', section(8, [0x09, 1, 0, 1, 0x0b]), 'MALFORMED'],
    ['threads that share everything', section(8, [0x42, 1]), 'UNSUPPORTED'],
    ['a name in an unknown form', section(10, [3, 'a', 1, 0]), 'MALFORMED'],
    ['an attribute twice', section(10, [2, 'a', 2, 2, 'x', 2, 'y', 1, 0]), 'INVALID'],
    [
      'a function that implements an interface',
      [section(7, [0x40, 0, 1, 0]), section(10, [2, 'a', 1, 0, 'a:b/c', 1, 0])],
      'INVALID',
    ],
    ['an import of a value', section(10, [named, 2, 1, 0x7f]), 'UNSUPPORTED'],
    ['a start function', [9, 3, 0, 0, 0], 'UNSUPPORTED'],
    ['a value', [12, 1, 0], 'UNSUPPORTED'],
    ['a module that is none', [1, 2, 0, 0], 'MALFORMED'],
    ['a nested component that is a module', [4, 8, 0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], 'MALFORMED'],
    ['a name that is not UTF-8', section(10, [0, 1, 0xff, 1, 0]), 'MALFORMED'],
  ])('%s', (_what, parts, code) => {
    expect(errorOf(() => parseComponent(componentOf(...bytesOf(...parts))))).toMatchObject({ code });
  });
});
