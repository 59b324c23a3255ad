import { describeWasm } from '@wasmlet/wasm-binary';
import { expect, test } from 'vitest';
import { RuntimeError } from '../../../src/errors.ts';
import { defaultModuleLimits } from '../../../src/passes/module-limits.ts';
import { type PassOptions, rewriteModule } from '../../../src/passes/rewrite-module.ts';
import { createDice, type Dice } from '../../fixtures/dice.ts';
import { faultsOf, fuzzTimeoutMs, heldBytes, toHex } from '../../fixtures/faults-of.ts';
import { assemble } from '../../fixtures/guests.ts';
import { mutate } from '../../fixtures/mutate.ts';
import { mostPages, randomProgram } from '../../fixtures/random-program.ts';

// What is compiled is the rewritten module: it has to be valid where the original is, do the same, and stay within the limits;
// what is not valid must stay so. Seeded, so that a failure can be repeated; with FUZZ_SECONDS, each test goes on so much longer
// with other seeds.
const timeout = fuzzTimeoutMs;
const headerBytes = 8;
const limitPages = 2 * mostPages + 20;
const limitElements = 10_000;
const options: PassOptions = {
  limits: { ...defaultModuleLimits, maxTableElements: limitElements },
  memoryBytes: limitPages * 65_536,
  garbageCollected: 'refused',
  bulk: 'split',
};

/** The module as it is compiled; nothing when it is refused. */
function rewritten(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return rewriteModule(bytes, options);
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'INVALID_MODULE') return undefined;
    throw error;
  }
}

function read(bytes: Uint8Array): string | undefined {
  const after = rewritten(bytes);
  if (after === undefined) return undefined;
  if (!WebAssembly.validate(bytes)) {
    return after === bytes ? undefined : 'was changed, and was not valid';
  }
  if (!WebAssembly.validate(after)) return 'was valid and is not any more';
  const description = describeWasm(after);
  if (description.kind !== 'module') return 'is no module any more';
  const pages = description.memories
    .filter(isOwn)
    .reduce((sum, { maxPages = Infinity }) => sum + maxPages, 0);
  if (pages > limitPages) return `may grow to ${pages} pages`;
  const elements = description.tables.filter(isOwn).reduce((sum, { max = Infinity }) => sum + max, 0);
  return elements > limitElements ? `may have ${elements} elements` : undefined;
}

const isOwn = ({ imported }: { readonly imported: boolean }): boolean => !imported;

/** What a program answers, or traps with, and what it leaves behind. */
function outcomeOf(bytes: Uint8Array): { readonly told: unknown; readonly left: readonly unknown[] } {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes)), {});
  const told = attempt(() => (exports['run'] as (n: number) => number)(7));
  const left = Object.entries(exports).flatMap(([name, one]) => {
    if (one instanceof WebAssembly.Memory) return [Buffer.from(one.buffer)];
    if (one instanceof WebAssembly.Table) return [namesIn(one)];
    return name === 'changed' ? [(one as WebAssembly.Global).value] : [];
  });
  return { told, left };
}

function attempt(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return String(error);
  }
}

/** Functions are named by their number. */
function namesIn(table: WebAssembly.Table): string {
  return Array.from(
    { length: table.length },
    (_, at) => (table.get(at) as { name: string } | null)?.name,
  ).join();
}

const program = (dice: Dice): Promise<Uint8Array> => assemble(randomProgram(dice, true));

test('programs do the same when they are rewritten', { timeout }, async () => {
  const told = new Set<unknown>();
  let changed = 0;
  const compare = (bytes: Uint8Array): string | undefined => {
    const fault = read(bytes);
    const after = rewritten(bytes);
    if (fault !== undefined || after === undefined) return fault ?? 'is refused';
    if (after !== bytes) changed += 1;
    const [before, now] = [outcomeOf(bytes), outcomeOf(after)];
    told.add(typeof before.told);
    if (before.told !== now.told) return `told ${String(before.told)}, tells ${String(now.told)}`;
    const differs = before.left.findIndex((left, at) => !isSame(left, now.left[at]));
    return differs < 0 ? undefined : `leaves another export ${differs}`;
  };
  expect(await faultsOf({ rounds: 120, make: program, read: compare, show: toHex })).toEqual([]);
  expect(told).toEqual(new Set(['number', 'string']));
  expect(changed).toBeGreaterThan(60);
});

function isSame(a: unknown, b: unknown): boolean {
  return a instanceof Buffer && b instanceof Buffer ? a.equals(b) : a === b;
}

test('mutants are refused, or are valid and within the limits', { timeout }, async () => {
  const dice = createDice(1);
  const originals = await Promise.all(
    Array.from({ length: 50 }, () => assemble(randomProgram(dice, dice.below(2) === 0))),
  );
  for (const bytes of originals) expect(read(bytes)).toBeUndefined();
  const before = heldBytes();
  const make = (random: Dice): Uint8Array => mutate(random.pick(originals), random, headerBytes);
  expect(await faultsOf({ rounds: 2_500, make, read, show: toHex })).toEqual([]);
  expect(heldBytes() - before).toBeLessThan(256 * 1024 * 1024);
});
