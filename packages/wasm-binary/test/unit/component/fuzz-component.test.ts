import { expect, test } from 'vitest';
import { parseComponent } from '../../../src/index.ts';
import { componentOf } from '../../fixtures/bytes.ts';
import { componentOfText } from '../../fixtures/component-of-text.ts';
import { errorOf } from '../../fixtures/error-of.ts';
import { createRandom, mutate } from '../../fixtures/mutate.ts';
import { randomComponent } from '../../fixtures/random-component.ts';

// A guest's bytes are read before anything holds the guest: whatever they are, there is an answer or our own error, soon
// and in little memory. Seeded, so that a failure can be repeated; with FUZZ_SECONDS, so much longer with other seeds.
const seed = 20_261_125;
const seconds = Number(process.env.FUZZ_SECONDS ?? 0);
const rounds = 1_500;
const slowMs = 600;
const timeout = (seconds + 60) * 1_000;

/** What was wrong with reading it, if anything. */
function faultOf(bytes: Uint8Array): string | undefined {
  const before = process.threadCpuUsage();
  try {
    errorOf(() => parseComponent(bytes));
  } catch (error) {
    return String(error instanceof Error ? error.stack : error);
  }
  const { user, system } = process.threadCpuUsage(before);
  return user + system > slowMs * 1_000 ? `took ${user + system} µs` : undefined;
}

/** The inputs that something was wrong with, in hexadecimal, and what. Goes on with new seeds for as long as is wanted. */
function faultsOf(make: (random: (below: number) => number) => Uint8Array): readonly string[] {
  const faults: string[] = [];
  const end = performance.now() + (seconds * 1_000) / 3;
  for (let round = 0; round === 0 || (performance.now() < end && faults.length === 0); round += 1) {
    const random = createRandom(seed + round);
    for (let left = rounds; left > 0; left -= 1) {
      const bytes = make(random);
      const fault = faultOf(bytes);
      if (fault !== undefined) faults.push(`${fault}: ${Buffer.from(bytes).toString('hex')}`);
    }
  }
  return faults;
}

const heldBytes = (): number => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;

test('what is generated is valid often enough to reach all that is behind', () => {
  const random = createRandom(seed);
  const refusals = Array.from({ length: rounds }, () =>
    errorOf(() => parseComponent(randomComponent(random))),
  );
  expect(refusals.filter((refusal) => refusal === undefined).length).toBeGreaterThan(rounds / 4);
  expect(refusals.filter((refusal) => refusal?.code === 'MALFORMED').length).toBeLessThan(rounds / 4);
});

test('generated components and their mutants are read or refused, soon and in little memory', {
  timeout,
}, () => {
  const before = heldBytes();
  expect(
    faultsOf((random) => {
      const bytes = randomComponent(random);
      return random(3) === 0 ? bytes : mutate(bytes, random, 8);
    }),
  ).toEqual([]);
  expect(heldBytes() - before).toBeLessThan(256 * 1024 * 1024);
});

test('mutants of a component by a toolchain are read or refused', { timeout }, async () => {
  const text = `
    (import "a:b/c@0.2.0" (instance $i (export "r" (type $r (sub resource)))
      (export "[method]r.f" (func (param "self" (borrow $r)) (result (result (list u8) (error string)))))))
    (core module $m (memory (export "m") 1) (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable)
      (func (export "f") (result i32) unreachable))
    (core instance $m (instantiate $m))
    (core func (canon lower (func $i "[method]r.f") (memory (core memory $m "m")) (realloc (core func $m "r"))))
    (func $f (result string) (canon lift (core func $m "f") (memory (core memory $m "m"))))
    (component $wrap (import "f" (func $f (result string))) (export "f" (func $f)))
    (instance $w (instantiate $wrap (with "f" (func $f))))
    (export "a:b/d" (instance $w))`;
  const bytes = await componentOfText(text);
  expect(errorOf(() => parseComponent(bytes))).toBeUndefined();
  expect(faultsOf((random) => mutate(bytes, random, 8))).toEqual([]);
});

test('random bytes behind the header are read or refused', () => {
  expect(faultsOf((random) => componentOf(Array.from({ length: random(200) }, () => random(256))))).toEqual(
    [],
  );
});
