import { expect, test } from 'vitest';
import { parseGoDuration } from '../../src/credentials/plugins/go-duration.ts';
import { parseImagePattern } from '../../src/credentials/plugins/image-pattern.ts';

test.each([
  ['registry.io', 'registry.io/team/app', true],
  ['registry.io', 'REGISTRY.io/team/app', true],
  ['registry.io', 'other.registry.io/app', false],
  ['registry.io', 'registry.io.evil/app', false],
  ['*.registry.io', 'eu.registry.io/app', true],
  ['*.registry.io', 'registry.io/app', false],
  ['*.registry.io', 'a.b.registry.io/app', false],
  ['*.*.registry.io', 'a.b.registry.io/app', true],
  ['123456789.dkr.ecr.*.amazonaws.com', '123456789.dkr.ecr.us-east-1.amazonaws.com/app', true],
  ['app*.k8s.io', 'app-one.k8s.io/app', true],
  ['a*b*c.io', 'a-b-b-c.io/app', true],
  ['a*b*c.io', 'a-c.io/app', false],
  ['ab*ba.io', 'aba.io/app', false],
  ['registry.io:8080', 'registry.io:8080/app', true],
  ['registry.io:8080', 'registry.io/app', false],
  ['registry.io', 'registry.io:8080/app', false],
  ['registry.io/team', 'registry.io/team/app', true],
  ['registry.io/team', 'registry.io/other', false],
  ['*.*', 'registry.io/app', true],
])('%s matches %s: %s', (pattern, image, expected) => {
  expect(parseImagePattern(pattern)?.matches(image)).toBe(expected);
});

test.each(['https://registry.io', '', ':80', 'a b', 'x'.repeat(2000)])('"%.20s" is no pattern', (text) => {
  expect(parseImagePattern(text)).toBeUndefined();
});

test('many stars are matched in no time', () => {
  const since = performance.now();
  const pattern = parseImagePattern(`${'*a'.repeat(400)}b.io`);
  expect(pattern?.matches(`${'a'.repeat(900)}.io/x`)).toBe(false);
  expect(performance.now() - since).toBeLessThan(100);
});

test.each([
  ['12h', 43_200_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['300ms', 300],
  ['0', 0],
  ['0s', 0],
  ['10', undefined],
  ['-1s', undefined],
  ['', undefined],
  ['1 h', undefined],
])('the duration %s is %s ms', (text, expected) => {
  expect(parseGoDuration(text)).toBe(expected);
});
