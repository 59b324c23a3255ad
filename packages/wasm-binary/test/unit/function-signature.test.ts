import { expect, test } from 'vitest';
import { exportedSignature } from '../../src/index.ts';
import { assemble } from '../fixtures/assemble.ts';
import { errorOf } from '../fixtures/error-of.ts';
import { moduleOf } from '../fixtures/bytes.ts';

const module = await assemble(`
  (import "env" "f" (func $imported (param i64)))
  (memory (export "memory") 1)
  (func $unused (param f64))
  (func (export "add") (param i32 i64 f32 f64) (result f64 i32) (f64.const 0) (i32.const 0))
  (func (export "ref") (param externref))
  (func (export "nothing"))
  (export "again" (func $imported))`);

test('the signature of an exported function is found', () => {
  expect(exportedSignature(module, 'add')).toEqual({
    params: ['i32', 'i64', 'f32', 'f64'],
    results: ['f64', 'i32'],
  });
  expect(exportedSignature(module, 'ref')).toEqual({ params: ['other'], results: [] });
  expect(exportedSignature(module, 'nothing')).toEqual({ params: [], results: [] });
});

test.each(['again', 'memory', 'absent'])('what is no function of the module has none: %s', (name) => {
  expect(exportedSignature(module, name)).toBeUndefined();
});

test('a module that ends early or has nothing is no surprise', () => {
  expect(exportedSignature(moduleOf(), 'add')).toBeUndefined();
  for (let length = 8; length < module.length; length += 1) {
    expect(errorOf(() => exportedSignature(module.subarray(0, length), 'add'))?.code ?? 'TRUNCATED').toBe(
      'TRUNCATED',
    );
  }
});
