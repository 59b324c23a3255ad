import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect, test } from 'vitest';
import { changesTables } from '../../src/index.ts';

const around = (code: string): string => `(module
  (table $t 4 funcref) (elem $e func $f) (elem (table $t) (i32.const 0) func $f)
  (memory 1) (data $d "abc")
  (func $f) (func (i32.store8 offset=38 (i32.const 0) (i32.const 252)) ${code}))`;

test.each([
  ['calls by a table', '(call_indirect (i32.const 0))'],
  ['reads of a table', '(drop (table.get $t (i32.const 0))) (drop (table.size $t))'],
  ['memory', '(memory.init $d (i32.const 0) (i32.const 0) (i32.const 0)) (drop (memory.grow (i32.const 1)))'],
  ['numbers that look like it', '(drop (i32.const 38)) (drop (i64.const 0x26)) (drop (i32.const 0x4fc))'],
])('%s do not', async (_, code) => {
  expect(changesTables(await parse(around(code)))).toBe(false);
});

test.each([
  ['table.set', '(table.set $t (i32.const 0) (ref.null func))'],
  ['table.grow', '(drop (table.grow $t (ref.null func) (i32.const 1)))'],
  ['table.fill', '(table.fill $t (i32.const 0) (ref.null func) (i32.const 1))'],
  ['table.copy', '(table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 1))'],
  ['table.init', '(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))'],
  ['elem.drop', '(elem.drop $e)'],
  ['data.drop', '(data.drop $d)'],
])('%s does', async (_, code) => {
  expect(changesTables(await parse(around(code)))).toBe(true);
});

test('a number that is longer than it needs to be is seen as well', () => {
  const bytes = Buffer.from('0061736d01000000', 'hex');
  const code = [0x41, 0, 0xd0, 0x70, 0x26, 0x80, 0x00, 0x0b];
  const module = Buffer.concat([
    bytes,
    Buffer.of(1, 4, 1, 0x60, 0, 0),
    Buffer.of(3, 2, 1, 0),
    Buffer.of(4, 4, 1, 0x70, 0, 1),
    Buffer.of(10, code.length + 3, 1, code.length + 1, 0, ...code),
  ]);
  expect(WebAssembly.validate(module)).toBe(true);
  expect(changesTables(module)).toBe(true);
});

test('an imported table counts, and what is no module may do anything', async () => {
  const wat =
    '(module (import "a" "t" (table 1 funcref)) (func (table.set 0 (i32.const 0) (ref.null func))))';
  expect(changesTables(await parse(wat))).toBe(true);
  expect(changesTables(await parse('(component)'))).toBe(true);
});
