import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  capMemory,
  capTables,
  codeMoves,
  describeWasm,
  exportedSignature,
  measureModule,
  watchGrowth,
} from '../../src/index.ts';
import { assemble } from '../fixtures/assemble.ts';
import { componentOf, custom, leb, moduleOf, section } from '../fixtures/bytes.ts';
import { errorOf } from '../fixtures/error-of.ts';
import { createRandom } from '../../../../tooling/faults-of.ts';
import { mutate } from '../fixtures/mutate.ts';

// Foreign bytes come to the process that holds the credentials: whatever they are, it gets an answer or our own
// error, soon, and never holds much more than they are. Seeded, so that a failure can be repeated.
const seed = 20_261_124;
const rounds = 2_000;
const slowMs = 600;
const headerBytes = 8;
const limitPages = 10;
const limitElements = 10;

const hello = readFileSync(new URL('../../../../examples/hello-wasm/hello-wasm.wasm', import.meta.url));
const rich = await assemble(`
  (import "env" "f" (func)) (import "env" "m" (memory 1 2)) (import "env" "t" (table 1 funcref))
  (import "env" "g" (global i32)) (import "env" "e" (tag))
  (memory 1) (memory i64 1 9) (table 2 funcref) (table 1 9 externref)
  (func (export "run")
    (block (loop (if (memory.grow (i32.const 64)) (then (br 1))) (br_table 0 1 (i32.const -64))))
    (drop (memory.grow 1 (i32.const 1))) (drop (table.grow 2 (ref.null extern) (i32.const 1)))
    (try (do (memory.fill (i32.const 0) (i32.const 64) (i32.const 1))) (catch_all)))
  (export "memory" (memory 1)) (export "table" (table 0))`);
const component = componentOf(
  section(10, [0, 'wasi:cli/environment@0.2.3', 5, 0], [2, 'wasi:http/types@0.2', 1, 1, '.3', 5, 0]),
  custom('producers', 'text'),
  section(11, [0, 'run', 1, 0, 1, 1, 0], [0, 'types', 3, 0, 0]),
);
const initialized = moduleOf(
  section(4, [0x40, 0, 0x70, 1, 1, 2, 0x23, 0, 0x0b], [0x40, 0, 0x6e, 0, 1, 0x41, 1, 0xfb, 0x1c, 0x0b]),
);
const binaries = { hello, rich, component, initialized };

/** Reads it in every way there is and tells what was wrong with that, if anything. */
function faultOf(bytes: Uint8Array): string | undefined {
  const before = process.threadCpuUsage();
  let capped = bytes;
  try {
    errorOf(() => describeWasm(bytes));
    errorOf(() => measureModule(bytes));
    errorOf(() => exportedSignature(bytes, 'run'));
    errorOf(() => {
      capped = capTables(capMemory(bytes, limitPages * 65_536), limitElements);
      capped = watchGrowth(capped);
      codeMoves(bytes, capped);
    });
  } catch (error) {
    return String(error);
  }
  const { user, system } = process.threadCpuUsage(before);
  if (user + system > slowMs * 1_000) return `took ${user + system} µs`;
  if (capped === bytes) return undefined;
  if (capped.length > bytes.length + 1_000) return `became ${capped.length} bytes`;
  if (!WebAssembly.validate(bytes)) return undefined;
  if (!WebAssembly.validate(capped)) return 'was valid and is not any more';
  const pages = ownPages(capped);
  return pages > limitPages ? `may grow to ${pages} pages` : undefined;
}

function ownPages(bytes: Uint8Array): number {
  const description = describeWasm(bytes);
  if (description.kind !== 'module') return 0;
  const own = description.memories.filter(({ imported }) => !imported);
  return own.reduce((sum, { maxPages = Infinity }) => sum + maxPages, 0);
}

/** The bytes that something was wrong with, in hexadecimal, and what. */
function faultsOf(inputs: Iterable<Uint8Array>): readonly string[] {
  const faults: string[] = [];
  for (const bytes of inputs) {
    const fault = faultOf(bytes);
    if (fault !== undefined)
      faults.push(`${fault}: ${Buffer.from(bytes.subarray(0, 4_000)).toString('hex')}`);
  }
  return faults;
}

const heldBytes = () => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;

test('what is mutated is valid, and changed by the passes', () => {
  for (const bytes of [hello, rich]) {
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(watchGrowth(capTables(capMemory(bytes, 1_000 * 65_536), 1_000))).not.toBe(bytes);
  }
});

describe.each(Object.entries(binaries))('%s', (_name, bytes) => {
  test('is described or refused in every mutation, soon and in little memory', { timeout: 60_000 }, () => {
    const random = createRandom(seed);
    const before = heldBytes();
    expect(faultsOf(Array.from({ length: rounds }, () => mutate(bytes, random, headerBytes)))).toEqual([]);
    expect(heldBytes() - before).toBeLessThan(256 * 1024 * 1024 + rounds * bytes.length);
  });

  test('is described or refused wherever it is cut', { timeout: 60_000 }, () => {
    const step = Math.max(1, Math.floor(bytes.length / 1_000));
    const lengths = Array.from({ length: Math.floor(bytes.length / step) }, (_, index) => index * step);
    expect(faultsOf(lengths.map((length) => bytes.subarray(0, length)))).toEqual([]);
  });
});

test.each([
  ['module', moduleOf],
  ['component', componentOf],
])('random bytes behind the header of a %s are described or refused', (_kind, headed) => {
  const random = createRandom(seed);
  const inputs = Array.from({ length: rounds }, () =>
    headed(Array.from({ length: random(200) }, () => random(256))),
  );
  expect(faultsOf(inputs)).toEqual([]);
});

test('a hundred million bytes of empty sections are refused, soon', () => {
  const bytes = Buffer.concat([moduleOf(), Buffer.alloc(100_000_000)]);
  expect(faultsOf([bytes])).toEqual([]);
  expect(errorOf(() => describeWasm(bytes))).toMatchObject({ code: 'TOO_LARGE' });
});

test('a section of a million of the smallest items is bounded by its limits', () => {
  const exports = Buffer.alloc(3_000_000);
  const bytes = Buffer.concat([moduleOf(7, leb(exports.length + 3), leb(1_000_000)), exports]);
  expect(errorOf(() => describeWasm(bytes))).toMatchObject({ code: 'TOO_LARGE', offset: 16 });
});
