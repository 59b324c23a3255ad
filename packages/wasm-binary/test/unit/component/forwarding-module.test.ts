import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect, test } from 'vitest';
import { readForwardingModule } from '../../../src/index.ts';

const forwarder = `(module
  (type $f (func (param i32 i64)))
  (table (export "$imports") 2 2 funcref)
  (func (export "0") (type $f) (call_indirect (type $f) (local.get 0) (local.get 1) (i32.const 0)))
  (func (export "1") (type $f) (call_indirect (type $f) (local.get 0) (local.get 1) (i32.const 1))))`;
const filler = `(module
  (type $f (func (param i32 i64)))
  (import "" "0" (func $0 (type $f)))
  (import "" "1" (func $1 (type $f)))
  (import "" "$imports" (table 2 2 funcref))
  (elem (i32.const 0) func $0 $1))`;

test('a module that forwards is recognised, with the places in its table', async () => {
  expect(readForwardingModule(await parse(forwarder))).toEqual({
    kind: 'forwarder',
    table: '$imports',
    functions: new Map([
      ['0', 0],
      ['1', 1],
    ]),
  });
});

test('a module that fills such a table is recognised', async () => {
  expect(readForwardingModule(await parse(filler))).toEqual({
    kind: 'filler',
    table: { module: '', name: '$imports' },
    functions: [
      { module: '', name: '0' },
      { module: '', name: '1' },
    ],
  });
});

test.each([
  ['swaps parameters', forwarder.replace('(local.get 0) (local.get 1)', '(local.get 0) (i64.const 1)')],
  [
    'does something before',
    forwarder.replace('(func (export "0") (type $f)', '(func (export "0") (type $f) (nop)'),
  ],
  [
    'has a local',
    forwarder.replace('(func (export "0") (type $f)', '(func (export "0") (type $f) (local i32)'),
  ],
  ['has a start function', forwarder.replace(/\)$/, '(func $s) (start $s))')],
  ['has a memory', forwarder.replace(/\)$/, '(memory 1))')],
  ['fills from another place on', filler.replace('(i32.const 0) func', '(i32.const 1) func')],
  ['fills twice', filler.replace(/\)$/, '(elem (i32.const 1) func $0))')],
  ['exports something as well', filler.replace(/\)$/, '(export "f" (func $0)))')],
  ['is empty', '(module)'],
])('a module that %s is none', async (_, wat) => {
  expect(readForwardingModule(await parse(wat))).toBeUndefined();
});

test('mutants are recognised as what they are, or as none', async () => {
  for (const bytes of [await parse(forwarder), await parse(filler)]) {
    for (let at = 8; at < bytes.length; at += 1) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
        const mutant = bytes.slice();
        mutant[at] = value;
        expect(() => readForwardingModule(mutant)).not.toThrow();
      }
    }
  }
});
