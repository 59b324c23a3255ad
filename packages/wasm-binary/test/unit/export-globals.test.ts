import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect, test } from 'vitest';
import { exportGlobals } from '../../src/index.ts';

test('globals that can change are exported, whatever stands around them', async () => {
  const exported = exportGlobals(
    await parse(`(module
      (import "env" "g" (global i32)) (import "env" "h" (global $h (mut i32)))
      (table 1 funcref)
      (global i64 (i64.const 5))
      (global $a (mut i32) (i32.add (i32.const 1) (i32.const 2)))
      (global (mut f64) (f64.const 2.5))
      (global funcref (ref.func $run))
      (global (mut i64) (i64.const -7))
      (func $run (export "run") (result i32) (global.get $a)))`),
  );
  expect(exported?.names).toHaveLength(3);
  const { exports } = new WebAssembly.Instance(
    new WebAssembly.Module(exported?.bytes as Uint8Array<ArrayBuffer>),
    { env: { g: 1, h: new WebAssembly.Global({ value: 'i32', mutable: true }, 0) } },
  );
  const globals = (exported?.names ?? []).map((name) => exports[name] as WebAssembly.Global);
  expect(globals.map(({ value }): unknown => value)).toEqual([3, 2.5, -7n]);
  (globals[0] as WebAssembly.Global).value = 42;
  expect((exports['run'] as () => number)()).toBe(42);
});

test('a module without such globals stays as it is', async () => {
  const bytes = await parse('(module (global i32 (i32.const 1)) (func (export "f")))');
  expect(exportGlobals(bytes)).toEqual({ bytes, names: [] });
});

test.each([
  ['a reference that can change', '(module (global (mut funcref) (ref.null func)))'],
  ['a vector that can change', '(module (global (mut v128) (v128.const i64x2 0 0)))'],
  ['structs', '(module (type (struct (field (mut i32)))))'],
  ['such a name already', '(module (global (export "wasmlet:global-0") (mut i32) (i32.const 0)))'],
  ['more than a thousand of them', `(module ${'(global (mut i32) (i32.const 0))'.repeat(1_001)})`],
  ['a component', '(component)'],
])('%s is left alone', async (_, wat) => {
  expect(exportGlobals(await parse(wat))).toBeUndefined();
});
