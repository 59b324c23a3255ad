import { growthRefusedExport } from '@wasmlet/wasm-binary';
import { describe, expect, test } from 'vitest';
import { defaultModuleLimits } from '../../../src/passes/module-limits.ts';
import { growthRefused } from '../../../src/passes/own-exports.ts';
import { type PassOptions, rewriteModule } from '../../../src/passes/rewrite-module.ts';
import { backtraceOf } from '../../../src/isolation/guest-host/backtrace.ts';
import { locateFrames } from '../../../src/isolation/guest-host/locate-frames.ts';
import { assemble, gcBomb, guests } from '../../fixtures/guests.ts';

const page = 65_536;
const unlimited: PassOptions = {
  limits: defaultModuleLimits,
  memoryBytes: null,
  garbageCollected: 'allowed',
  bulk: 'whole',
};
const limited = (limits: Partial<PassOptions['limits']>): PassOptions => ({
  ...unlimited,
  limits: { ...defaultModuleLimits, ...limits },
});

describe('the passes', () => {
  test('leave a module without limits as it is', async () => {
    const bytes = await assemble(guests.memoryHog);
    expect(rewriteModule(bytes, unlimited)).toBe(bytes);
  });

  test('cap its memory, and let it tell that it was refused more', async () => {
    const bytes = rewriteModule(await assemble(guests.greedy), { ...unlimited, memoryBytes: 3 * page });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    const memory = exports['memory'] as WebAssembly.Memory;
    expect(growthRefused(exports)).toBe(false);
    expect(exports['_start']).toThrow(WebAssembly.RuntimeError);
    expect(growthRefused(exports)).toBe(true);
    expect(memory.grow(2)).toBe(1);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  test('leave what is not valid as it is, so that the compiler says what is wrong', async () => {
    const bytes = Uint8Array.from(await assemble(guests.memoryHog));
    bytes[bytes.lastIndexOf(0x0c)] = 0x6a; // the jump to the beginning
    expect(WebAssembly.validate(bytes)).toBe(false);
    expect(rewriteModule(bytes, { ...unlimited, memoryBytes: 3 * page })).toBe(bytes);
  });

  test('give a module that exports the name of the flag no second one', async () => {
    const bytes = await assemble(
      `(memory 1 1) (global (export "${growthRefusedExport}") i32 (i32.const 1)) (func (drop (memory.grow (i32.const 1))))`,
    );
    expect(rewriteModule(bytes, { ...unlimited, memoryBytes: 3 * page })).toBe(bytes);
  });
});

describe('instructions that write a lot', () => {
  test('stay where the guest has a process of its own, and are split elsewhere', async () => {
    const bytes = await assemble(guests.slowLoop);
    expect(rewriteModule(bytes, unlimited)).toBe(bytes);
    const split = rewriteModule(bytes, { ...unlimited, bulk: 'split' });
    expect(split.length).toBeGreaterThan(bytes.length);
    expect(WebAssembly.validate(split)).toBe(true);
  });

  test('are refused when there are more of them than can be split', async () => {
    const fills = '(memory.fill (i32.const 0) (i32.const 0) (i32.const 2000))'.repeat(100_001);
    const bytes = await assemble(`(memory 1) (func ${fills})`);
    expect(() => rewriteModule(bytes, { ...unlimited, bulk: 'split' })).toThrow(
      expect.objectContaining({ code: 'INVALID_MODULE' }) as Error,
    );
  });
});

/** Where a module traps. */
const frameOf = (module: WebAssembly.Module) => {
  try {
    (new WebAssembly.Instance(module).exports['_start'] as () => void)();
  } catch (error) {
    return locateFrames(backtraceOf(error), module)[0];
  }
  return undefined;
};

describe('a backtrace', () => {
  test('has the offsets of the module as it was given', async () => {
    const bytes = await assemble(guests.modest);
    const rewritten = rewriteModule(bytes, { ...unlimited, memoryBytes: 3 * page });
    const frame = frameOf(new WebAssembly.Module(bytes));
    expect(frame).toMatchObject({ name: 'main' });
    expect(frameOf(new WebAssembly.Module(rewritten))).toEqual(frame);
    expect(rewritten.length).toBeGreaterThan(bytes.length);
  });

  test('has no function that only the passes know', async () => {
    const bytes = await assemble(
      `(memory 1) (func $main (export "_start") (memory.fill (i32.const 0) (i32.const 0) (i32.const -1)))`,
    );
    const rewritten = rewriteModule(bytes, { ...unlimited, bulk: 'split' });
    expect(rewritten.length).toBeGreaterThan(bytes.length);
    expect(frameOf(new WebAssembly.Module(rewritten))).toEqual(frameOf(new WebAssembly.Module(bytes)));
  });

  test.each([
    'no JSON',
    '[]',
    'null',
    '{}',
    '{"moves":[[1]]}',
    '{"moves":[["a",1]]}',
    '{"moves":[[1,1]],"lines":"1"}',
  ])('believes no note of the guest: %s', async (note) => {
    const name = Buffer.from('wasmlet:moved-code');
    const content = Buffer.concat([Buffer.of(name.length), name, Buffer.from(note)]);
    const bytes = await assemble(guests.unreachable);
    const noted = Buffer.concat([bytes, Buffer.of(0, content.length), content]);
    expect(frameOf(new WebAssembly.Module(noted))).toEqual(frameOf(new WebAssembly.Module(bytes)));
  });
});

describe('a module is refused', () => {
  test.each([
    [
      'that is too long',
      guests.hello,
      limited({ maxModuleBytes: 100 }),
      /has \d+ bytes; its limit allows 100/,
    ],
    ['of too many functions', '(func) (func) (func)', limited({ maxFunctions: 2 }), /3 functions/],
    ['of too many types', '(type (func)) (type (func (param i32)))', limited({ maxTypes: 1 }), /2 types/],
    [
      'of too large a table',
      '(table 11 funcref)',
      limited({ maxTableElements: 10 }),
      /tables of 11 elements/,
    ],
  ])('%s', async (_what, guest, options, words) => {
    const bytes = await assemble(guest);
    expect(() => rewriteModule(bytes, options)).toThrow(
      expect.objectContaining({
        code: 'INVALID_MODULE',
        message: expect.stringMatching(words) as unknown,
      }) as Error,
    );
  });

  test('with garbage-collected types, where its heap is not its own', () => {
    expect(rewriteModule(gcBomb, unlimited)).toBeDefined();
    expect(() => rewriteModule(gcBomb, { ...unlimited, garbageCollected: 'refused' })).toThrow(
      expect.objectContaining({ code: 'INVALID_MODULE' }) as Error,
    );
  });
});
