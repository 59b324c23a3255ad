import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime, type EntryArgument } from '../../src/index.ts';
import { guests } from '../fixtures/guests.ts';
import { finish, isolations, specIn, specOf } from '../fixtures/start-guest.ts';

const functions = `
  (memory (export "memory") 1)
  (func (export "all") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
    (local.get 3) (local.get 2) (local.get 1) (local.get 0))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "nothing"))`;

describe.each(isolations)('isolation %s:', (isolation) => {
  const runtime = createRuntime({ allowedIsolation: [isolation] });
  afterAll(() => runtime[Symbol.asyncDispose]());

  const call = async (entry: string, ...entryArguments: readonly EntryArgument[]) => {
    const spec = await specIn(isolation)(functions, { entry, entryArguments });
    return (await finish(await runtime.start(spec))).exit;
  };

  test('a function is called with numbers, and gives some', async () => {
    expect(await call('add', ['i32', '40'], ['i32', '2'])).toMatchObject({
      kind: 'exited',
      code: 0,
      results: ['42'],
    });
    expect(await call('add', ['i32', '0xffffffff'], ['i32', '-1'])).toMatchObject({ results: ['-2'] });
    const all = await call(
      'all',
      ['i32', '-7'],
      ['i64', '-9223372036854775808'],
      ['f32', '1.5'],
      ['f64', '-0'],
    );
    expect(all).toMatchObject({ results: ['-0', '1.5', '-9223372036854775808', '-7'] });
    const odd = await call(
      'all',
      ['i32', '0'],
      ['i64', '18446744073709551615'],
      ['f32', 'NaN'],
      ['f64', '-Infinity'],
    );
    expect(odd).toMatchObject({ results: ['-Infinity', 'NaN', '-1', '0'] });
  });

  test('one that gives nothing has no results', async () => {
    expect(await call('nothing')).not.toHaveProperty('results');
  });
});

test.each([
  ['i32', '4294967296'],
  ['i32', '1.5'],
  ['i32', ''],
  ['i64', '-9223372036854775809'],
  ['i64', 'one'],
  ['f32', '1,5'],
  ['f64', ''],
] as const)('an argument that is no %s is refused: %j', async (type, value) => {
  await using runtime = createRuntime({ pool: { idle: 0 } });
  const spec = await specOf(guests.hello, { entryArguments: [[type, value]] });
  await expect(runtime.start(spec)).rejects.toMatchObject({
    code: 'INVALID_SPEC',
    message: expect.stringContaining(`"${value}" is no ${type}`) as unknown,
  });
});
