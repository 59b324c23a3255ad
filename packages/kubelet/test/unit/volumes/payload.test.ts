import { describe, expect, test } from 'vitest';
import { checkPayload } from '../../../src/volumes/payload.ts';
import { VolumeError } from '../../../src/volumes/volume-error.ts';
import { payloadOf } from './volume-fixtures.ts';

describe('paths of a volume’s files', () => {
  test.each(['a', 'a.b', '.hidden', 'a/b/c', 'a..b', 'a/..b', 'ü', 'x'.repeat(255)])('may be %j', (path) => {
    expect(() => checkPayload('v', payloadOf({ [path]: '' }))).not.toThrow();
  });

  test.each([
    '',
    '/a',
    '..',
    '../a',
    'a/../b',
    'a/..',
    '..data',
    '..a/b',
    './a',
    'a//b',
    'a/',
    'a\0b',
    'x'.repeat(256),
    'ü'.repeat(128),
    'x/'.repeat(2_050),
    `${'x/'.repeat(200)}x`,
  ])('may not be %j', (path) => {
    expect(() => checkPayload('v', payloadOf({ [path]: '' }))).toThrow(
      expect.objectContaining({ name: 'VolumeError', code: 'INVALID', volume: 'v' }),
    );
  });

  test('may not be below each other', () => {
    expect(() => checkPayload('v', payloadOf({ 'a/b': '', a: '' }))).toThrow(
      'lies below "a", which is a file',
    );
  });
});

test('a volume holds 32 MiB and 10,000 files at most', () => {
  const large = { data: Buffer.alloc(16 * 2 ** 20), mode: 0o644 };
  const two = new Map([
    ['a', large],
    ['b', large],
  ]);
  expect(() => checkPayload('v', two)).not.toThrow();
  expect(() => checkPayload('v', new Map([...two, ...payloadOf({ c: 'x' })]))).toThrow(
    'its files have more than 33554432 bytes',
  );
  const empty = { data: Buffer.alloc(0), mode: 0o644 };
  const many = new Map(Array.from({ length: 10_001 }, (_, index) => [`f${index}`, empty]));
  expect(() => checkPayload('v', many)).toThrow('it has more than 10000 files');
});

describe('a volume error', () => {
  test('speaks as upstream’s FailedMount does', () => {
    const error = new VolumeError('NOT_FOUND', 'x', 'configmap "y" not found');
    expect(error.message).toBe('MountVolume.SetUp failed for volume "x" : configmap "y" not found');
  });
});
