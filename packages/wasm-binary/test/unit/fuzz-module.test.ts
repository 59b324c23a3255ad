import { expect, test } from 'vitest';
import {
  capMemory,
  capTables,
  changesTables,
  codeMoves,
  debuggedCodeStart,
  describeWasm,
  exportedSignature,
  exportGlobals,
  importMemory,
  measureModule,
  splitBulk,
  watchGrowth,
} from '../../src/index.ts';
import { errorOf } from '../fixtures/error-of.ts';
import { faultsOf, fuzzTimeoutMs, heldBytes } from '../fixtures/faults-of.ts';
import { createRandom } from '../../../../tooling/faults-of.ts';
import { mutate } from '../fixtures/mutate.ts';
import { randomModule } from '../fixtures/random-module.ts';

// Modules are described and rewritten where nothing holds a guest yet: whatever the bytes are, there is an answer or our own
// error, soon and in little memory, and what an engine takes it takes rewritten as well, within the limits. Seeded, so that a
// failure can be repeated; with FUZZ_SECONDS, each test goes on so much longer with other seeds.
const rounds = 1_200;
const timeout = fuzzTimeoutMs;
const headerBytes = 8;
const limitPages = 10;
const limitElements = 20;

type Pass = (bytes: Uint8Array) => Uint8Array;

const passes: Readonly<Record<string, Pass>> = {
  capMemory: (bytes) => capMemory(bytes, limitPages * 65_536),
  capTables: (bytes) => capTables(bytes, limitElements),
  watchGrowth,
  splitBulk: (bytes) => splitBulk(bytes, { bytes: 16, elements: 2 }),
  exportGlobals: (bytes) => exportGlobals(bytes)?.bytes ?? bytes,
  importMemory: (bytes) => importMemory(bytes, { module: 'env', name: 'memory' })?.bytes ?? bytes,
};

/**
 * Reads it in every way there is, rewrites it in every way, and tells what was wrong with that. @param known whether all
 * instructions in it are: mutants may have ones that engines know and the reader does not
 */
function readAs(known: boolean): (bytes: Uint8Array) => string | undefined {
  return (bytes) => {
    for (const describe of [describeWasm, measureModule, debuggedCodeStart, changesTables]) {
      errorOf(() => describe(bytes));
    }
    errorOf(() => exportedSignature(bytes, 'run'));
    const isValid = WebAssembly.validate(bytes);
    let rewritten = bytes;
    for (const [name, pass] of Object.entries(passes)) {
      const refusal = errorOf(() => {
        const alone = pass(bytes);
        codeMoves(bytes, alone);
        if (isValid && !WebAssembly.validate(alone)) throw new Error(`${name} made it invalid`);
        if (alone.length > 2 * bytes.length + 2_000) throw new Error(`${name} made it ${alone.length} bytes`);
        rewritten = pass(rewritten);
      });
      const isLimit = refusal?.code.endsWith('_LIMIT') ?? true;
      if (isValid && known && !isLimit) return `${name} refuses what is valid: ${refusal?.message}`;
    }
    if (!isValid) return undefined;
    if (!WebAssembly.validate(rewritten)) return 'all passes together made it invalid';
    return excessOf(bytes, rewritten);
  };
}

/** What its own memories and tables may become, where that is more than the limits and the caps were not refused. */
function excessOf(original: Uint8Array, bytes: Uint8Array): string | undefined {
  const description = describeWasm(bytes);
  if (description.kind !== 'module') return undefined;
  const pages = sumOf(description.memories.filter(isOwn).map(({ maxPages }) => maxPages));
  const elements = sumOf(description.tables.filter(isOwn).map(({ max }) => max));
  if (pages > limitPages && errorOf(() => passes['capMemory']?.(original)) === undefined) {
    return `may grow to ${pages} pages`;
  }
  return elements > limitElements && errorOf(() => passes['capTables']?.(original)) === undefined
    ? `may have ${elements} elements`
    : undefined;
}

const isOwn = ({ imported }: { readonly imported: boolean }): boolean => !imported;

function sumOf(sizes: readonly (number | undefined)[]): number {
  return sizes.reduce<number>((sum, size = Infinity) => sum + size, 0);
}

test('what is generated is valid mostly, and changed by each pass often', () => {
  const random = createRandom(1);
  const modules = Array.from({ length: rounds }, () => randomModule(random));
  const valid = modules.filter((bytes) => WebAssembly.validate(bytes));
  expect(valid.length).toBeGreaterThan(rounds / 2);
  for (const pass of Object.values(passes)) {
    const changed = valid.filter((bytes) => {
      let after = bytes;
      errorOf(() => void (after = pass(bytes)));
      return after !== bytes;
    });
    expect(changed.length).toBeGreaterThan(rounds / 20);
  }
});

test('generated modules are read, and stay valid within the limits', { timeout }, () => {
  expect(faultsOf({ rounds, read: readAs(true), make: randomModule })).toEqual([]);
});

test('their mutants are read or refused, soon and in little memory', { timeout }, () => {
  const before = heldBytes();
  const faults = faultsOf({
    rounds: 2 * rounds,
    read: readAs(false),
    make: (random) => mutate(randomModule(random), random, headerBytes),
  });
  expect(faults).toEqual([]);
  expect(heldBytes() - before).toBeLessThan(256 * 1024 * 1024);
});
