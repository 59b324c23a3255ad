import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { capMemory, describeWasm, growthRefusedExport, watchGrowth } from '../../src/index.ts';
import { assemble } from '../fixtures/assemble.ts';
import { componentOf, custom, leb, moduleOf, section } from '../fixtures/bytes.ts';
import { errorOf } from '../fixtures/error-of.ts';

const page = 65_536;

async function watched(text: string, pages: number): Promise<WebAssembly.Exports> {
  const bytes = watchGrowth(capMemory(await assemble(text), pages * page));
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { f() {}, g: 1 } }).exports;
}

const growthRefused = (exports: WebAssembly.Exports): number =>
  (exports[growthRefusedExport] as WebAssembly.Global).value as number;

describe('a module whose growth is watched', () => {
  test('tells that its last growth was refused, and that a later one was not', async () => {
    const exports = await watched(
      `(memory (export "memory") 1)
       (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))`,
      3,
    );
    const grow = exports['grow'] as (pages: number) => number;
    expect(growthRefused(exports)).toBe(0);
    expect([grow(1), growthRefused(exports)]).toEqual([1, 0]);
    expect([grow(40_000), growthRefused(exports)]).toEqual([-1, 1]);
    expect([grow(-1), growthRefused(exports)]).toEqual([-1, 1]);
    expect([grow(1), growthRefused(exports)]).toEqual([2, 0]);
  });

  test.each([
    ['64-bit addresses', '(memory i64 1)', 'i64', [1n, -1n]],
    ['32-bit addresses', '(memory 1)', 'i32', [1, -1]],
  ] as const)('has memories of %s', async (_what, memory, type, expected) => {
    const exports = await watched(
      `${memory} (func (export "grow") (param ${type}) (result ${type}) (memory.grow (local.get 0)))`,
      3,
    );
    const grow = exports['grow'] as (pages: number | bigint) => number | bigint;
    const step = type === 'i64' ? 2n : 2;
    expect([grow(step), grow(step)]).toEqual(expected);
    expect(growthRefused(exports)).toBe(1);
  });

  test('keeps its numbers of functions, types and globals, and has code of every kind around the growth', async () => {
    const exports = await watched(
      `(import "env" "f" (func $f)) (import "env" "g" (global $g i32))
       (memory 1) (table 2 funcref) (elem (i32.const 0) $f $seven)
       (global $own (mut i32) (i32.const 64)) (tag $e (param i32)) (type $answer (func (result i32)))
       (func $seven (result i32) (i32.const 7))
       (func (export "run") (param $pages i32) (result i32) (local $sum i64)
         (block $out (loop $more
           (br_table $out $more $out (i32.const 0))))
         (drop (i32.const 64)) (drop (i32.const -64)) (drop (f64.const 0.0546875)) (drop (i64.const -0x40))
         (drop (memory.size)) (i64.store offset=64 align=4 (i32.const 0) (i64.const 1))
         (memory.fill (i32.const 0) (i32.const 64) (i32.const 64))
         (try (do (throw $e (i32.const 1))) (catch $e (drop)) (catch_all))
         (call $f)
         (drop (memory.grow (i32.const 100)))
         (if (i32.ne (memory.grow (local.get $pages)) (i32.const 1)) (then unreachable))
         (global.set $own (i32.add (global.get $own) (global.get $g)))
         (i32.add (global.get $own) (call_indirect (type $answer) (i32.const 1))))`,
      3,
    );
    expect((exports['run'] as (pages: number) => number)(2)).toBe(64 + 1 + 7);
    expect(growthRefused(exports)).toBe(0);
  });

  test('has no room for a long number of a function taken from what follows', async () => {
    const many = Array.from({ length: 300 }, (_, index) => `(func (result i32) (i32.const ${index}))`);
    const exports = await watched(
      `(memory 1) ${many.join(' ')}
       (func (export "grow") (param i32) (result i32) (drop (memory.grow (i32.const 0))) (memory.grow (local.get 0)))`,
      2,
    );
    expect((exports['grow'] as (pages: number) => number)(5)).toBe(-1);
    expect(growthRefused(exports)).toBe(1);
  });

  test('may be made by a real compiler', () => {
    const path = new URL('../../../../examples/hello-wasm/hello-wasm.wasm', import.meta.url);
    const bytes = readFileSync(path);
    const result = watchGrowth(bytes);
    expect(WebAssembly.validate(result)).toBe(true);
    expect(describeWasm(result)).toMatchObject({
      exports: expect.arrayContaining([{ name: growthRefusedExport, kind: 'global' }]) as unknown,
    });
  });
});

describe('a module stays the very same bytes', () => {
  test.each([
    ['without code', ''],
    ['that grows nothing', '(memory 1) (func (drop (i32.const -64)) unreachable)'],
    [
      'that exports the name itself',
      `(memory 1) (global (export "${growthRefusedExport}") i32 (i32.const 0)) (func (drop (memory.grow (i32.const 1))))`,
    ],
  ])('%s', async (_what, text) => {
    const bytes = await assemble(text);
    expect(watchGrowth(bytes)).toBe(bytes);
  });
});

function withCode(body: readonly number[], type: readonly number[] = [0x60, 0, 0]): Uint8Array {
  return moduleOf(
    section(1, type),
    section(3, [0]),
    section(5, [0, 1]),
    section(10, [leb(body.length), body]),
  );
}

describe('what cannot be watched is an error', () => {
  test.each([
    ['a component', componentOf(), 'MALFORMED'],
    ['an unknown instruction', withCode([0, 0x27, 0x40, 0, 0x0b]), 'MALFORMED'],
    ['code that ends early', withCode([0, 0x40, 0, 0x28]), 'TRUNCATED'],
    ['bytes of a long constant that are missing', withCode([0, 0x40, 0, 0xfd, 12, 1, 2]), 'TRUNCATED'],
    ['types of a form that is not known', withCode([0, 0x40, 0, 0x0b], [0x5a]), 'MALFORMED'],
  ])('%s', (_what, bytes, code) => {
    expect(errorOf(() => watchGrowth(bytes))?.code).toBe(code);
  });

  test('more of it than engines take', () => {
    const body = Buffer.concat([Buffer.of(0), Buffer.alloc(2 * 100_001, '4000', 'hex'), Buffer.of(0x0b)]);
    const head = moduleOf(section(1, [0x60, 0, 0]), section(3, [0]), section(5, [0, 1]));
    const code = Buffer.from([1, ...leb(body.length)]);
    const start = Buffer.from([10, ...leb(code.length + body.length)]);
    const bytes = Buffer.concat([head, start, code, body]);
    expect(errorOf(() => watchGrowth(bytes))?.code).toBe('TOO_LARGE');
  });
});

test('custom sections stay where they are, byte for byte', () => {
  const grow = [0, 0x41, 1, 0x40, 0, 0x1a, 0x0b];
  const before = [custom('first', 1), section(1, [0x60, 0, 0]), section(3, [0]), section(5, [0, 1])];
  const bytes = moduleOf(before, section(10, [grow.length, grow]), custom('last', 2));
  const result = Buffer.from(watchGrowth(bytes));
  expect(WebAssembly.validate(result)).toBe(true);
  expect(result.indexOf(Buffer.from(custom('first', 1)))).toBe(8);
  expect(result.subarray(-custom('last', 2).length)).toEqual(Buffer.from(custom('last', 2)));
});
