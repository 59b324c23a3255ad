import { expect, test } from 'vitest';
import { capMemory, codeMoves, originalOffset, splitBulk, watchGrowth } from '../../src/index.ts';
import { assemble } from '../fixtures/assemble.ts';
import { moduleOf } from '../fixtures/bytes.ts';

/** Offsets at which calls of `run` trap, in both versions of a module. */
function trapOffset(bytes: Uint8Array, name: string): number {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {});
  try {
    (exports[name] as () => void)();
  } catch (error) {
    return Number(/:(0x[0-9a-f]+)/.exec((error as Error).stack ?? '')?.[1]);
  }
  throw new Error('it did not trap');
}

test('traps of a rewritten module are found where they are in the original', async () => {
  const many = Array.from({ length: 200 }, (_, index) => `(func (result i32) (i32.const ${index}))`).join(
    ' ',
  );
  const bytes = await assemble(`(memory 1) ${many}
    (func (export "before") unreachable)
    (func (export "within") (drop (memory.grow (i32.const 1))) (drop (memory.grow (i32.const 1))) unreachable)
    (func (export "first") unreachable (drop (memory.grow (i32.const 1))))
    (func (export "after") (drop (i32.const 7)) unreachable)`);
  const rewritten = watchGrowth(capMemory(bytes, 65_536));
  const moves = codeMoves(bytes, rewritten);
  for (const name of ['before', 'within', 'first', 'after']) {
    const moved = trapOffset(rewritten, name);
    expect([name, moved]).not.toEqual([name, trapOffset(bytes, name)]);
    expect([name, originalOffset(moves, moved)]).toEqual([name, trapOffset(bytes, name)]);
  }
});

test('what a rewritten module has more of was nowhere in the original', async () => {
  const bytes = await assemble(
    '(memory 1) (func (export "run") (memory.fill (i32.const 0) (i32.const 0) (i32.const -1)))',
  );
  const rewritten = splitBulk(bytes, { bytes: 16, elements: 16 });
  expect(originalOffset(codeMoves(bytes, rewritten), trapOffset(rewritten, 'run'))).toBeUndefined();
});

test('nothing has moved in the same bytes, nor without code', async () => {
  const bytes = await assemble('(func unreachable)');
  expect(codeMoves(bytes, bytes).filter(([, by]) => by !== 0)).toEqual([]);
  expect(codeMoves(moduleOf(), moduleOf())).toEqual([]);
  expect(originalOffset([], 7)).toBe(7);
});
