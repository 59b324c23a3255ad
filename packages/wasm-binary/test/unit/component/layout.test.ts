import { describe, expect, test } from 'vitest';
import {
  type FunctionType,
  flattenFunction,
  flattenType,
  layoutOf,
  type PrimitiveKind,
  recordLayout,
  type ValueType,
  variantLayout,
} from '../../../src/index.ts';

const of = (kind: PrimitiveKind): ValueType => ({ kind });
const record = (...kinds: readonly PrimitiveKind[]): ValueType => ({
  kind: 'record',
  fields: kinds.map((kind, index) => ({ name: `f${index}`, type: of(kind) })),
});
const labels = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `l${index}`);
const tuple = (...elements: readonly ValueType[]): ValueType => ({ kind: 'tuple', elements });

const func = (params: readonly ValueType[], result?: ValueType): FunctionType => ({
  kind: 'func',
  async: false,
  params: params.map((type, index) => ({ name: `p${index}`, type })),
  ...(result && { result }),
});

describe('a value in memory', () => {
  test.each<[string, ValueType, size: number, alignment: number]>([
    ['bool', of('bool'), 1, 1],
    ['s16', of('s16'), 2, 2],
    ['char', of('char'), 4, 4],
    ['f64', of('f64'), 8, 8],
    ['string', of('string'), 8, 4],
    ['record with holes', record('u8', 'u64', 'u8', 'u16'), 24, 8],
    ['list', { kind: 'list', element: of('u64') }, 8, 4],
    ['list of 3 in place', { kind: 'list', element: record('u16', 'u8'), length: 3 }, 12, 2],
    ['tuple', tuple(of('u8'), of('u32')), 8, 4],
    ['8 flags', { kind: 'flags', labels: labels(8) }, 1, 1],
    ['9 flags', { kind: 'flags', labels: labels(9) }, 2, 2],
    ['17 flags', { kind: 'flags', labels: labels(17) }, 4, 4],
    ['enum of 256', { kind: 'enum', labels: labels(256) }, 1, 1],
    ['enum of 257', { kind: 'enum', labels: labels(257) }, 2, 2],
    ['enum of 65,537', { kind: 'enum', labels: labels(65_537) }, 4, 4],
    ['option', { kind: 'option', type: of('u64') }, 16, 8],
    ['result of nothing', { kind: 'result' }, 1, 1],
    ['result', { kind: 'result', ok: of('u8'), error: of('string') }, 12, 4],
    ['variant', { kind: 'variant', cases: [{ name: 'a' }, { name: 'b', type: record('u8', 'u16') }] }, 6, 2],
    ['handle', { kind: 'own', resource: 1 }, 4, 4],
    ['stream', { kind: 'stream' }, 4, 4],
  ])('%s', (_name, type, size, alignment) => {
    expect(layoutOf(type)).toEqual({ size, alignment });
  });

  test('says where fields and payloads begin', () => {
    expect(recordLayout([of('u8'), of('u32'), of('u16')]).offsets).toEqual([0, 4, 8]);
    expect(variantLayout([{}, { type: of('u64') }])).toMatchObject({
      discriminantBytes: 1,
      payloadOffset: 8,
    });
  });
});

describe('a value in core types', () => {
  test.each<[string, ValueType, flat: readonly string[] | undefined]>([
    ['bool', of('bool'), ['i32']],
    ['string', of('string'), ['i32', 'i32']],
    ['record', record('u64', 'f32', 'f64'), ['i64', 'f32', 'f64']],
    ['option', { kind: 'option', type: of('string') }, ['i32', 'i32', 'i32']],
    ['i32 joined with f32', { kind: 'result', ok: of('u32'), error: of('f32') }, ['i32', 'i32']],
    ['f32 joined with f64', { kind: 'result', ok: of('f32'), error: of('f64') }, ['i32', 'i64']],
    ['equal types joined', { kind: 'result', ok: of('f64'), error: of('f64') }, ['i32', 'f64']],
    [
      'cases of different lengths',
      { kind: 'result', ok: record('u8', 'u64'), error: of('f32') },
      ['i32', 'i32', 'i64'],
    ],
    [
      '16 values',
      tuple(...Array.from({ length: 16 }, () => of('u8'))),
      Array.from({ length: 16 }, () => 'i32'),
    ],
    ['17 values', tuple(...Array.from({ length: 17 }, () => of('u8'))), undefined],
    ['list in place', { kind: 'list', element: of('f32'), length: 3 }, ['f32', 'f32', 'f32']],
    ['long list in place', { kind: 'list', element: of('f32'), length: 2 ** 27 }, undefined],
    [
      'case of 16 values',
      { kind: 'option', type: tuple(...Array.from({ length: 16 }, () => of('u8'))) },
      undefined,
    ],
  ])('%s', (_name, type, flat) => {
    expect(flattenType(type)).toEqual(flat);
  });
});

describe('a function', () => {
  const many = Array.from({ length: 17 }, () => of('u32'));

  test('passes 16 core parameters and one result as they are', () => {
    expect(flattenFunction(func(many.slice(1), of('u64')), 'lift')).toEqual({
      params: Array.from({ length: 16 }, () => 'i32'),
      results: ['i64'],
      paramsInMemory: false,
      resultInMemory: false,
    });
  });

  test('passes more through memory', () => {
    const type = func(many, of('string'));
    const both = { paramsInMemory: true, resultInMemory: true };
    expect(flattenFunction(type, 'lift')).toEqual({ params: ['i32'], results: ['i32'], ...both });
    expect(flattenFunction(type, 'lower')).toEqual({ params: ['i32', 'i32'], results: [], ...both });
  });

  test('that does not wait has four core parameters and tells its state', () => {
    const async = { async: true };
    expect(flattenFunction(func(many.slice(0, 4)), 'lower', async)).toMatchObject({
      params: ['i32', 'i32', 'i32', 'i32'],
      results: ['i32'],
    });
    expect(flattenFunction(func(many.slice(0, 5), of('u8')), 'lower', async)).toMatchObject({
      params: ['i32', 'i32'],
      results: ['i32'],
      paramsInMemory: true,
      resultInMemory: true,
    });
    expect(flattenFunction(func([], of('u8')), 'lift', async).results).toEqual([]);
    expect(flattenFunction(func([], of('u8')), 'lift', { async: true, callback: true }).results).toEqual([
      'i32',
    ]);
  });
});
