import { describe, expect, test } from 'vitest';
import { parseBytes, parseDuration, parseEnv, parseList } from '../../src/config/values.ts';

describe('values of flags', () => {
  test.each([
    ['1048576', 1_048_576],
    ['64Mi', 67_108_864],
    ['1.5GiB', 1_610_612_736],
    ['2k', 2048],
  ])('size %s is %d bytes', (text, bytes) => {
    expect(parseBytes('-W max-memory-size', text)).toBe(bytes);
  });
  test.each([
    ['500ms', 500],
    ['2s', 2000],
    ['1m', 60_000],
    ['1h2m3.5s', 3_723_500],
    ['3', 3000],
  ])('duration %s is %d ms', (text, ms) => {
    expect(parseDuration('-W timeout', text)).toBe(ms);
  });
  test.each(['', '12 parsecs', '-1', '1e9'])('neither a size nor a duration: "%s"', (text) => {
    expect(() => parseBytes('-W max-memory-size', text)).toThrow('-W max-memory-size');
    expect(() => parseDuration('-W timeout', text)).toThrow('-W timeout');
  });
  test.each(['2 m', '1m2', 'm', '1m-2s'])('no duration: "%s"', (text) => {
    expect(() => parseDuration('-W timeout', text)).toThrow('-W timeout');
  });
  test('an env entry without a value takes the caller’s own', () => {
    expect(parseEnv('HOME', { HOME: '/h' })).toEqual(['HOME', '/h']);
    expect(parseEnv('A=b=c', {})).toEqual(['A', 'b=c']);
    expect(() => parseEnv('=x', {})).toThrow('NAME=VALUE');
  });
  test('a list drops blanks and empty items', () => {
    expect(parseList(' a, ,b ')).toEqual(['a', 'b']);
    expect(parseList(undefined)).toBeUndefined();
  });
});
