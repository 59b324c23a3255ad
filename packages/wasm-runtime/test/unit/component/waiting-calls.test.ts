import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect, test } from 'vitest';
import { createWaitingCalls } from '../../../src/component/link/waiting-calls.ts';

const signatures = ['(i32 i64) -> (i64)', '() -> ()', '(f64) -> (f64)', '(f32) -> (f32)', '(i32) -> (i32)'];

/** A module that calls them all, each with what it is given, and answers the last one's result with the first one's. */
const calling = `(module
  (import "" "0" (func $0 (param i32 i64) (result i64)))
  (import "" "1" (func $1))
  (import "" "2" (func $2 (param f64) (result f64)))
  (import "" "3" (func $3 (param f32) (result f32)))
  (import "" "4" (func $4 (param i32) (result i32)))
  (func (export "run") (param i32) (result f64)
    (call $1)
    (f64.add
      (f64.convert_i64_s (call $0 (local.get 0) (i64.const 5)))
      (f64.add
        (call $2 (f64.const 0.5))
        (f64.add
          (f64.promote_f32 (call $3 (f32.const 0.25)))
          (f64.convert_i32_s (call $4 (i32.const 1000))))))))`;

test.each([
  ['at once', (value: unknown) => value],
  ['later', (value: unknown) => Promise.resolve(value)],
  [
    'by turns',
    (
      (count) => (value: unknown) =>
        (count += 1) % 2 === 0 ? value : Promise.resolve(value)
    )(0),
  ],
])('calls that are answered %s', async (_, answer) => {
  const called: string[] = [];
  const imports = createWaitingCalls(signatures).bind([
    (a: number, b: bigint) => answer(BigInt(a) + b),
    () => answer(void called.push('1')),
    (a: number) => answer(a),
    (a: number) => answer(a),
    (a: number) => answer(a),
  ]);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(await parse(calling)), {
    '': Object.fromEntries(imports.map((call, index) => [String(index), call])),
  });
  const run = WebAssembly.promising(exports['run'] as (...values: unknown[]) => unknown);
  await expect(run(7)).resolves.toBe(1012.75);
  await expect(run(8)).resolves.toBe(1013.75);
  expect(called).toEqual(['1', '1']);
});
