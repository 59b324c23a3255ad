import { expect, test } from 'vitest';
import { findSourceLines, type SourceLine } from '../../src/index.ts';
import { faultsOf, fuzzTimeoutMs } from '../fixtures/faults-of.ts';
import { createRandom } from '../../../../tooling/faults-of.ts';
import { mutate } from '../fixtures/mutate.ts';
import { randomLines, randomStrings } from '../fixtures/random-lines.ts';

// Line tables are a guest's own text about itself: whatever is in them, they tell lines or nothing, and never throw. Seeded, so
// that a failure can be repeated; with FUZZ_SECONDS, each test goes on so much longer with other seeds.
const rounds = 4_000;
const timeout = fuzzTimeoutMs;
const addresses = Array.from({ length: 20 }, (_, at) => at * 11);
const strings = randomStrings(createRandom(1));

const find = (lines: Uint8Array): readonly (SourceLine | undefined)[] =>
  findSourceLines({ lines, lineStrings: strings, strings: strings.subarray(3) }, addresses);

function read(lines: Uint8Array): string | undefined {
  const found = find(lines);
  const wrong = found.find((place) => place !== undefined && !isPlace(place));
  return found.length === addresses.length && wrong === undefined
    ? undefined
    : `tells ${JSON.stringify(wrong)}, ${found.length} in all`;
}

function isPlace({ file, line, column = 1 }: SourceLine): boolean {
  return file !== '' && [line, column].every((one) => Number.isInteger(one) && one > 0 && one < 2 ** 31);
}

test('what is generated tells lines, often', () => {
  const random = createRandom(1);
  const told = Array.from({ length: rounds }, () => find(randomLines(random)));
  expect(told.filter((places) => places.some(Boolean)).length).toBeGreaterThan(rounds / 3);
});

test('generated line tables and their mutants are told or not, soon', { timeout }, () => {
  const faults = faultsOf({
    rounds,
    read,
    make(random) {
      const lines = randomLines(random);
      return random(3) === 0 ? lines : mutate(lines, random);
    },
  });
  expect(faults).toEqual([]);
});
