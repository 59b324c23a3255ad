import { describe, expect, test } from 'vitest';
import { codeMoves, splitBulk } from '../../src/index.ts';
import { assemble } from '../fixtures/assemble.ts';
import { componentOf, leb, moduleOf, section } from '../fixtures/bytes.ts';
import { errorOf } from '../fixtures/error-of.ts';
import { createRandom } from '../../../../tooling/faults-of.ts';

// What is split does the same as what is not: the same bytes, elements and traps after each of many calls with random
// arguments. Seeded, so that a failure can be repeated.
const seed = 20_261_125;
const rounds = 3_000;
const steps = { bytes: 16, elements: 4 };
const pageBytes = 65_536;
const tableElements = 40;

/** Addresses and lengths in what has so many bytes or elements: around its ends, and around the last number that there is. */
function numberNear(size: number, random: (below: number) => number): number {
  const near = random(2 * Math.min(size, 100));
  switch (random(8)) {
    case 0:
      return size - near;
    case 1:
      return size + random(20);
    case 2:
      return 2 ** 32 - 1 - near;
    case 3:
      return random(size);
    default:
      return near;
  }
}

const letters = 'abcdefghijklmnopqrstuvwxyz'.repeat(20);
const memoryCases = {
  'memory.fill': ['(memory (export "m0") 1)', 'memory.fill', ['i32', 'i32', 'i32']],
  'memory.fill of 64-bit addresses': ['(memory (export "m0") i64 1)', 'memory.fill', ['i64', 'i32', 'i64']],
  'memory.copy': ['(memory (export "m0") 1)', 'memory.copy', ['i32', 'i32', 'i32']],
  'memory.copy of 64-bit addresses': ['(memory (export "m0") i64 1)', 'memory.copy', ['i64', 'i64', 'i64']],
  'memory.copy in a second memory': [
    '(memory (export "m0") 1) (memory (export "m1") 2)',
    'memory.copy 1 1',
    ['i32', 'i32', 'i32'],
  ],
  'memory.copy to another memory': [
    '(memory (export "m0") 1) (memory (export "m1") 2)',
    'memory.copy 0 1',
    ['i32', 'i32', 'i32'],
  ],
  'memory.copy to a memory of longer addresses': [
    '(memory (export "m0") i64 1) (memory (export "m1") 1)',
    'memory.copy 0 1',
    ['i64', 'i32', 'i32'],
  ],
  'memory.copy from a memory of longer addresses': [
    '(memory (export "m0") i64 1) (memory (export "m1") 1)',
    'memory.copy 1 0',
    ['i32', 'i64', 'i32'],
  ],
  'memory.copy in a shared memory': [
    '(memory (export "m0") 1 1 shared)',
    'memory.copy',
    ['i32', 'i32', 'i32'],
  ],
  'memory.init': [`(memory (export "m0") 1) (data "${letters}")`, 'memory.init 0', ['i32', 'i32', 'i32']],
  'memory.init of 64-bit addresses': [
    `(memory (export "m0") i64 1) (data "${letters}")`,
    'memory.init 0',
    ['i64', 'i32', 'i32'],
  ],
  'memory.init of what is gone': [
    `(memory (export "m0") 1) (data "${letters}") (func $drop (data.drop 0)) (start $drop)`,
    'memory.init 0',
    ['i32', 'i32', 'i32'],
  ],
} as const;

const run = (instruction: string, types: readonly string[]): string =>
  `(func (export "run") ${types.map((type) => `(param ${type})`).join(' ')}
     (${instruction} ${types.map((_, index) => `(local.get ${index})`).join(' ')}))`;

/** How a call ends. */
const outcomeOf = (exports: WebAssembly.Exports, args: readonly unknown[]): string => {
  try {
    (exports['run'] as (...args: readonly unknown[]) => void)(...args);
    return 'done';
  } catch (error) {
    return String(error);
  }
};

const instanceOf = (bytes: Uint8Array): WebAssembly.Exports =>
  new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;

const bytesOf = (exports: WebAssembly.Exports, name: string): Buffer | undefined => {
  const memory = exports[name];
  return memory instanceof WebAssembly.Memory ? Buffer.from(memory.buffer) : undefined;
};

/** What the functions in a table return. */
const elementsOf = (exports: WebAssembly.Exports): readonly unknown[] => {
  const table = exports['t'] as WebAssembly.Table;
  return Array.from({ length: table.length }, (_, at) => (table.get(at) as (() => number) | null)?.());
};

describe('a split instruction does what the whole one does', () => {
  test.each(Object.entries(memoryCases))('%s', async (what, [declarations, instruction, types]) => {
    const whole = await assemble(`${declarations} ${run(instruction, types)}`);
    const split = splitBulk(whole, steps);
    expect(split.length).toBeGreaterThan(whole.length);
    const [one, other] = [instanceOf(whole), instanceOf(split)];
    const random = createRandom(seed);
    for (const name of ['m0', 'm1']) {
      for (const memory of [bytesOf(one, name), bytesOf(other, name)]) {
        memory?.set(Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 7) % 251)));
      }
    }
    const seen = new Set<string>();
    for (let round = 0; round < rounds; round += 1) {
      const args = types.map((type) => {
        const number = numberNear(pageBytes, random);
        return type === 'i64' ? BigInt(number) : number;
      });
      const outcome = outcomeOf(one, args);
      seen.add(outcome);
      expect([args, outcomeOf(other, args)]).toEqual([args, outcome]);
      const same = ['m0', 'm1'].every((name) => {
        const left = bytesOf(one, name);
        return left === undefined || bytesOf(other, name)?.equals(left);
      });
      expect([args, same]).toEqual([args, true]);
    }
    // Of what is gone nothing can be written.
    expect(seen.size).toBe(what.endsWith('gone') ? 1 : 2);
  });

  const functions = Array.from(
    { length: 9 },
    (_, index) => `(func $f${index} (result i32) (i32.const ${index}))`,
  );
  const segment = functions.map((_, index) => `$f${index}`).join(' ');
  const filled = `${functions.join(' ')} (elem (table 0) (i32.const 0) func ${segment} ${segment} ${segment})`;
  const table = `(table (export "t") ${tableElements} 50 funcref)`;

  test.each([
    ['table.copy', `${table} ${filled}`, 'table.copy 0 0', ['i32', 'i32', 'i32']],
    [
      'table.copy from another table',
      `${table} (table $u 30 funcref) (elem (table $u) (i32.const 0) func ${segment} ${segment}) ${functions.join(' ')}`,
      'table.copy 0 1',
      ['i32', 'i32', 'i32'],
    ],
    ['table.init', `${table} ${filled} (elem func ${segment})`, 'table.init 0 1', ['i32', 'i32', 'i32']],
    ['table.fill', `${table} ${filled}`, 'table.fill 0', ['i32', 'funcref', 'i32']],
  ])('%s', async (_what, declarations, instruction, types) => {
    const whole = await assemble(
      `${declarations} (func (export "value") (param i32) (result funcref) (table.get 0 (local.get 0)))
       ${run(instruction, types)}`,
    );
    const split = splitBulk(whole, steps);
    expect(split.length).toBeGreaterThan(whole.length);
    const [one, other] = [instanceOf(whole), instanceOf(split)];
    const random = createRandom(seed);
    const seen = new Set<string>();
    for (let round = 0; round < rounds; round += 1) {
      const from = random(20);
      const numbers = types.map(() => numberNear(tableElements, random));
      const argsFor = (exports: WebAssembly.Exports): readonly unknown[] =>
        numbers.map((number, at) =>
          types[at] === 'funcref' ? (exports['value'] as (at: number) => unknown)(from) : number,
        );
      const outcome = outcomeOf(one, argsFor(one));
      seen.add(outcome);
      expect([numbers, outcomeOf(other, argsFor(other))]).toEqual([numbers, outcome]);
      expect([numbers, elementsOf(other)]).toEqual([numbers, elementsOf(one)]);
    }
    expect(seen.size).toBeGreaterThan(1);
  });
});

const body = (...code: readonly number[]): readonly (number | readonly number[])[] => [
  leb(code.length + 2),
  [0, ...code, 0x0b],
];
const withBody = (...code: readonly number[]): Uint8Array =>
  moduleOf(section(1, [0x60, 0, 0]), section(3, [0]), section(5, [0, 1]), section(10, body(...code)));
const zeros = [0x41, 0, 0x41, 0];

describe('an instruction', () => {
  test.each([
    ['of a constant length of at most a step stays', [...zeros, 0x41, 16, 0xfc, 11, 0], false],
    ['of a longer constant length goes', [...zeros, 0x41, 17, 0xfc, 11, 0], true],
    ['of a negative length, which is a large one, goes', [...zeros, 0x41, 0x7f, 0xfc, 11, 0], true],
    [
      'whose number is longer than it needs to be goes',
      [...zeros, 0x41, 17, 0xfc, 0x8b, 0x80, 0, 0x80, 0],
      true,
    ],
    ['that only looks like one stays', [0x41, 0xfc, 0x0b, 0x1a], false],
  ])('%s', (_what, code, replaced) => {
    const bytes = withBody(...code);
    expect(WebAssembly.validate(bytes)).toBe(true);
    const split = splitBulk(bytes, steps);
    expect(split !== bytes).toBe(replaced);
    expect(WebAssembly.validate(split)).toBe(true);
  });

  test('that goes moves no code behind it', async () => {
    const bytes = await assemble(
      '(memory 1) (func (param i32) (memory.fill (i32.const 0) (i32.const 0) (local.get 0)) (memory.copy (i32.const 0) (i32.const 0) (local.get 0)))',
    );
    const split = splitBulk(bytes, steps);
    // What is there only now stands behind it.
    expect(codeMoves(bytes, split)).toEqual([expect.anything(), [expect.any(Number), null]]);
  });
});

test.each([0, -1, 1.5, 2 ** 30 + 1, Number.NaN])('a step of %s is a RangeError', (bytes) => {
  expect(() => splitBulk(withBody(), { ...steps, bytes })).toThrow(RangeError);
});

test('a component has no code to split', () => {
  expect(errorOf(() => splitBulk(componentOf(), steps))?.code).toBe('MALFORMED');
});
