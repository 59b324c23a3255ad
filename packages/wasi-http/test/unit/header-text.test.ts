import { expect, test } from 'vitest';
import { formatHeaders, isToken, parseHeaders } from '../../src/abi/header-text.ts';

test.each([
  ['', []],
  ['a:b', [['a', 'b']]],
  ['a:b\n', [['a', 'b']]],
  [
    'A:b\r\nC-d: e \n',
    [
      ['a', 'b'],
      ['c-d', ' e '],
    ],
  ],
  ['a:b:c:\n', [['a', 'b:c:']]],
  [
    'a:1\nb:2\nA:3\n',
    [
      ['a', '3'],
      ['b', '2'],
    ],
  ],
  ['a:\n', [['a', '']]],
  ['a:b\tc\n', [['a', 'b\tc']]],
])('%j is read as %j', (text, headers) => {
  expect([...parseHeaders(text)]).toEqual(headers);
});

test.each([
  '\n',
  'a:b\n\nc:d',
  'a',
  'a:b\nc',
  ':b',
  ' a:b',
  '\u212a:b',
  'a :b',
  'ä:b',
  'a:ä',
  'a:\u0000',
  'a:b\rc:d',
  'a:b\r',
  'a:\u007f',
])('%j is no block of headers', (text) => {
  expect(() => parseHeaders(text)).toThrow(expect.objectContaining({ code: 9 }));
});

test('headers are written as lines, bytes as they came', () => {
  expect(
    Buffer.from(
      formatHeaders([
        ['a', 'b: c'],
        ['a', ''],
        ['d', 'caf\u00c3\u00a9'],
      ]),
    ).toString(),
  ).toBe('a:b: c\na:\nd:café\n');
  expect(formatHeaders([])).toHaveLength(0);
});

test.each(['\t', 'caf\u00e9', '\u00c2\u0085', '\u007f'])('a header with %j cannot be written', (value) => {
  expect(() => formatHeaders([['a', value]])).toThrow(expect.objectContaining({ code: 12 }));
});

test('a token is what HTTP calls one', () => {
  expect(isToken("!#$%&'*+-.^_`|~09azAZ")).toBe(true);
  for (const other of ['', ' ', 'a b', 'a:', 'é', '"', '(', '\n']) expect(isToken(other)).toBe(false);
});
