import { expect, test } from 'vitest';
import { parseComponent } from '../../../src/index.ts';
import { componentOf } from '../../fixtures/bytes.ts';
import { componentOfText } from '../../fixtures/component-of-text.ts';
import { errorOf } from '../../fixtures/error-of.ts';
import { faultsOf, fuzzTimeoutMs, heldBytes } from '../../fixtures/faults-of.ts';
import { createRandom } from '../../../../../tooling/faults-of.ts';
import { mutate } from '../../fixtures/mutate.ts';
import { randomComponent } from '../../fixtures/random-component.ts';

// A guest's bytes are read before anything holds the guest: whatever they are, there is an answer or our own error, soon
// and in little memory. Seeded, so that a failure can be repeated; with FUZZ_SECONDS, each test goes on so much longer with
// other seeds.
const rounds = 1_500;
const timeout = fuzzTimeoutMs;
const read = (bytes: Uint8Array): undefined => void errorOf(() => parseComponent(bytes));

test('what is generated is valid often enough to reach all that is behind', () => {
  const random = createRandom(1);
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
    faultsOf({
      rounds,
      read,
      make(random) {
        const bytes = randomComponent(random);
        return random(3) === 0 ? bytes : mutate(bytes, random, 8);
      },
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
  expect(faultsOf({ rounds, read, make: (random) => mutate(bytes, random, 8) })).toEqual([]);
});

test('random bytes behind the header are read or refused', { timeout }, () => {
  const faults = faultsOf({
    rounds,
    read,
    make: (random) => componentOf(Array.from({ length: random(200) }, () => random(256))),
  });
  expect(faults).toEqual([]);
});
