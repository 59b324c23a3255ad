import { describe, expect, test } from 'vitest';
import { libc } from '../../fixtures/component-of-text.ts';
import { refusalOf } from '../../fixtures/refusal.ts';

const lift = (type: string, func: string, options = ''): string =>
  `${libc} (type $t ${type}) (func (type $t) (canon lift (core func ${func}) ${options}))`;
const lower = (type: string, options = ''): string =>
  `${libc} (import "f" (func $f ${type})) (core func (canon lower (func $f) ${options}))`;

describe('a canonical definition', () => {
  test.each([
    [
      'of a core function with other parameters',
      lift('(func (param "a" u64))', '$one'),
      /\(i32\) -> \(\) instead of \(i64\)/,
    ],
    [
      'of a core function with another result',
      lift('(func (result f32))', '$give'),
      /instead of \(\) -> \(f32\)/,
    ],
    ['of a type that is no function', lift('(record (field "a" u8))', '$one'), /a record type/],
    ['without the memory of its result', lift('(func (result string))', '$give'), /memory is missing/],
    [
      'without the realloc of its parameters',
      lower('(result string)', '(memory $memory)'),
      /realloc is missing/,
    ],
    ['without the memory of its parameters', lower('(param "a" string)'), /memory is missing/],
    ['with realloc and without memory', lower('', '(realloc $realloc)'), /realloc without memory/],
    ['with another realloc', lower('', '(memory $memory) (realloc $none)'), /realloc is/],
    ['with an option twice', lower('', '(memory $memory) (memory $memory)'), /memory twice/],
    ['with two encodings', lower('', 'string-encoding=utf8 string-encoding=utf16'), /encoding twice/],
    [
      'with post-return where a function is lowered',
      lower('', '(post-return $none)'),
      /postReturn where it has no meaning/,
    ],
    ['with another post-return', lift('(func)', '$none', '(post-return $one)'), /post-return is/],
    [
      'with callback and without async',
      lift('(func)', '$none', '(callback $none)'),
      /callback without async/,
    ],
    [
      'that makes a resource of someone else',
      `(import "r" (type $r (sub resource))) (core func (canon resource.new $r))`,
      /only the component that defines/,
    ],
    [
      'that drops no resource',
      `(type $t (record (field "a" u8))) (core func (canon resource.drop $t))`,
      /a record type/,
    ],
    [
      'of a stream that is a future',
      `(type $t (future u8)) (core func (canon stream.new $t))`,
      /stream.new of a future/,
    ],
  ])('%s is refused', async (_what, text, message) => {
    expect(await refusalOf(text)).toMatchObject({ code: 'INVALID', message: expect.stringMatching(message) });
  });

  test('with a 64-bit memory is not read', async () => {
    expect(await refusalOf(lower('', '(memory $wide)'))).toMatchObject({ code: 'UNSUPPORTED' });
  });
});
