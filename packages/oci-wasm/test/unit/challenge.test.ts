import { expect, test } from 'vitest';
import { parseChallenges } from '../../src/registry/access/challenge.ts';

test.each([
  [['Basic realm="a b"'], [{ scheme: 'basic', parameters: { realm: 'a b' } }]],
  [
    ['Bearer realm="https://t.example/token",service="s",scope="repository:a/b:pull,push"'],
    [
      {
        scheme: 'bearer',
        parameters: { realm: 'https://t.example/token', service: 's', scope: 'repository:a/b:pull,push' },
      },
    ],
  ],
  [
    ['Negotiate, Bearer realm="x", error="invalid_token" , Basic realm=y'],
    [
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'bearer', parameters: { realm: 'x', error: 'invalid_token' } },
      { scheme: 'basic', parameters: { realm: 'y' } },
    ],
  ],
  [
    ['Negotiate YWJj==, Basic realm="z"'],
    [
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'basic', parameters: { realm: 'z' } },
    ],
  ],
  [
    ['BEARER Realm="a\\"b"', 'Basic realm="c"'],
    [
      { scheme: 'bearer', parameters: { realm: 'a"b' } },
      { scheme: 'basic', parameters: { realm: 'c' } },
    ],
  ],
  [['Bearer __proto__="x",realm="y"'], [{ scheme: 'bearer', parameters: { realm: 'y' } }]],
  [[''], []],
  [['realm="no scheme"'], []],
])('%j', (headers, expected) => {
  const parsed = parseChallenges(headers).map(({ scheme, parameters }) => ({
    scheme,
    parameters: { ...parameters },
  }));
  for (const { parameters } of parsed) delete (parameters as Record<string, string>)['__proto__'];
  expect(parsed).toEqual(expected);
});

test('a header of any length is read in no time', () => {
  const since = performance.now();
  parseChallenges([
    `Bearer ${'a=,'.repeat(100_000)}`,
    'x '.repeat(100_000),
    `Bearer r="${'\\'.repeat(100_000)}`,
  ]);
  expect(performance.now() - since).toBeLessThan(500);
});
