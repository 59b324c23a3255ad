import { expect, test } from 'vitest';
import { parseTarget } from '../../../src/api/request-target.ts';

test.each([
  ['/pods', ['pods']],
  ['/pods/', ['pods']],
  ['/a/b%20c/d', ['a', 'b c', 'd']],
  ['/%70ods', ['pods']],
  ['/a/...', ['a', '...']],
])('%s has the segments %j', (url, segments) => {
  expect(parseTarget(url).segments).toEqual(segments);
});

test.each([
  '/',
  '',
  '*',
  'pods',
  '//host/pods',
  '/a//b',
  '/a///',
  'http://host/pods',
  '/.',
  '/a/../pods',
  '/a/%2e%2E/pods',
  '/a%2fb',
  '/a%5cb',
  '/a\\b',
  '/a%00',
  '/a%',
  '/a%ff',
])('%j is no path of this server', (url) => {
  expect(parseTarget(url).segments).toBeUndefined();
});

test('keeps the query apart, whatever is in it', () => {
  const { path, segments, query } = parseTarget('/pods?a=1&b=/../x?y&a=2#c');
  expect({ path, segments }).toEqual({ path: '/pods', segments: ['pods'] });
  expect([...query]).toEqual([
    ['a', '1'],
    ['b', '/../x?y'],
    ['a', '2'],
  ]);
});

test('shortens what is logged of a path', () => {
  expect(parseTarget(`/${'a'.repeat(10_000)}`).path).toHaveLength(256);
});
