import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect, test } from 'vitest';
import { describeWasm, importMemory } from '../../src/index.ts';

const name = { module: 'host', name: 'memory' };

test('a module runs with a memory that it had itself', async () => {
  const bytes = await parse(`(module
    (import "env" "f" (func $f (result i32)))
    (memory (export "memory") 1 3)
    (data (i32.const 8) "\\2a")
    (func (export "run") (result i32) (i32.add (call $f) (i32.load (i32.const 8)))))`);
  const imported = importMemory(bytes, name);
  expect(imported).toMatchObject({ minPages: 1, maxPages: 3 });
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 3 });
  const { exports } = new WebAssembly.Instance(
    new WebAssembly.Module(imported?.bytes as Uint8Array<ArrayBuffer>),
    { host: { memory }, env: { f: () => 100 } },
  );
  expect((exports['run'] as () => number)()).toBe(142);
  expect(exports['memory']).toBe(memory);
});

test('a module without imports gets a section of them', async () => {
  const imported = importMemory(await parse('(module (memory 2) (func (export "f")))'), name);
  expect(WebAssembly.validate(imported?.bytes as Uint8Array<ArrayBuffer>)).toBe(true);
  expect(describeWasm(imported?.bytes ?? new Uint8Array())).toMatchObject({
    memories: [{ imported: true, minPages: 2 }],
  });
});

test.each([
  ['no memory', '(module)'],
  ['two memories', '(module (memory 1) (memory 1))'],
  ['an imported memory', '(module (import "a" "b" (memory 1)))'],
  ['a shared memory', '(module (memory 1 1 shared))'],
  ['a 64-bit memory', '(module (memory i64 1))'],
])('a module with %s is left alone', async (_, wat) => {
  expect(importMemory(await parse(wat), name)).toBeUndefined();
});
