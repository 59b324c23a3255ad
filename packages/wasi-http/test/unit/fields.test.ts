import { expect, test } from 'vitest';
import { Fields, FieldsTooLarge, headerError } from '../../src/types/fields.ts';

test('fields keep their order, and names do not differ by case', () => {
  const fields = Fields.empty();
  expect(fields.append('Accept', 'a')).toBeUndefined();
  expect(fields.append('x', '')).toBeUndefined();
  expect(fields.append('accept', 'b')).toBeUndefined();
  expect(fields.get('ACCEPT')).toEqual(['a', 'b']);
  expect(fields.has('X')).toBe(true);
  expect(fields.set('x', ['1', '2'])).toBeUndefined();
  expect(fields.delete('Accept')).toBeUndefined();
  expect(fields.entries).toEqual([
    ['x', '1'],
    ['x', '2'],
  ]);
});

test.each(['connection', 'Host', 'TRANSFER-ENCODING', 'keep-alive', 'upgrade', 'proxy-connection'])(
  '%s is forbidden',
  (name) => {
    const fields = Fields.empty();
    expect(fields.append(name, 'a')).toBe(headerError.forbidden);
    expect(fields.set(name, ['a'])).toBe(headerError.forbidden);
    expect(fields.delete(name)).toBe(headerError.forbidden);
    expect(fields.entries).toEqual([]);
  },
);

test.each([
  ['', 'a'],
  ['a b', 'a'],
  ['a:', 'a'],
  ['a\r\nb', 'a'],
  ['ä', 'a'],
  ['a', 'b\r\nc: d'],
  ['a', 'b\nc'],
  ['a', '\0'],
  ['a', '\x7f'],
])('%j: %j is no field', (name, value) => {
  expect(Fields.empty().append(name, value)).toBe(headerError.invalidSyntax);
  expect(Fields.empty().set(name, ['fine', value])).toBe(headerError.invalidSyntax);
});

test('what was received, or given away, cannot be changed; a clone can', () => {
  const received = Fields.received(['A', '1', 'Host', 'x', 'Connection', 'close']);
  expect(received.entries).toEqual([['a', '1']]);
  expect(received.append('b', '2')).toBe(headerError.immutable);
  expect(received.delete('a')).toBe(headerError.immutable);
  const clone = received.clone();
  expect(clone.append('b', '2')).toBeUndefined();
  expect(received.entries).toHaveLength(1);
  expect(clone.frozen().set('b', [])).toBe(headerError.immutable);
});

test('fields do not grow without bound, and shrink again', () => {
  const fields = Fields.empty();
  const long = 'x'.repeat(100_000);
  fields.append('a', long);
  expect(() => fields.append('b', long)).toThrow(FieldsTooLarge);
  fields.delete('a');
  expect(fields.append('b', long)).toBeUndefined();
  expect(() => {
    for (let count = 0; count < 100_000; count += 1) fields.append('c', '');
  }).toThrow(FieldsTooLarge);
});

test.each([
  [[], undefined],
  [['12'], 12],
  [['0'], 0],
  [['1', '1'], Number.NaN],
  [['-1'], Number.NaN],
  [['1, 1'], Number.NaN],
  [['0x1'], Number.NaN],
  [[''], Number.NaN],
  [['1'.repeat(16)], Number.NaN],
])('content-length %j is %s', (values, length) => {
  const fields = Fields.empty();
  for (const value of values) fields.append('Content-Length', value);
  expect(fields.contentLength).toBe(length);
});
