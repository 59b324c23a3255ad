import { expect, test } from 'vitest';
import { redirected } from '../../src/client/redirect.ts';

const request = (url: string, method = 'GET') => ({
  url: new URL(url),
  method,
  headers: new Map([
    ['authorization', 'secret'],
    ['cookie', 'a=b'],
    ['x-other', 'c'],
  ]),
  body: Buffer.from('body'),
});

const moved = (location: string, status = 302) => ({ status, headers: [['location', location]] as const });

test.each([
  ['http://a.example/x/y', 'z', 'http://a.example/x/z'],
  ['http://a.example/x/y', '/z?q', 'http://a.example/z?q'],
  ['http://a.example/x', '//b.example/z', 'http://b.example/z'],
  ['http://a.example/', 'http://user:password@b.example/', 'http://b.example/'],
  ['http://a.example/', '/caf\u00c3\u00a9', 'http://a.example/caf%C3%A9'],
  ['http://a.example/', 'HTTP://B.example', 'http://b.example/'],
])('from %s to %j leads to %s', (from, location, to) => {
  expect(redirected(request(from), moved(location))?.url.href).toBe(to);
});

test.each([
  ['http://a.example/', '/next', true],
  ['http://a.example/', 'http://a.example:80/next', true],
  ['http://a.example/', 'http://a.example:8080/', false],
  ['http://a.example/', 'http://b.example/', false],
  ['https://a.example/', 'http://a.example/', false],
  ['http://a.example/', 'https://a.example/', false],
])('from %s to %s credentials go along: %s', (from, location, kept) => {
  const names = [...(redirected(request(from), moved(location))?.headers.keys() ?? [])];
  expect(names).toEqual(kept ? ['authorization', 'cookie', 'x-other'] : ['x-other']);
});

test('HEAD stays HEAD', () => {
  expect(redirected(request('http://a.example/', 'HEAD'), moved('/', 303))?.method).toBe('HEAD');
});
