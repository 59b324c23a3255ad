import { describe, expect, test } from 'vitest';
import { parseComponent } from '../../../src/index.ts';
import { bytesOf, componentOf, leb, moduleOf, type Part, section } from '../../fixtures/bytes.ts';
import { errorOf } from '../../fixtures/error-of.ts';

const soonMs = 1_500;

const nested = (id: number, bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.of(id, ...leb(bytes.length)), bytes]);
const times = <T>(count: number, make: (at: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, at) => make(at));
/** An index where a type could stand too: a signed number. */
const typeIndex = (at: number): Part =>
  (leb(at).at(-1) ?? 0) < 0x40 ? leb(at) : [...leb(at).slice(0, -1), 0x80 | (leb(at).at(-1) ?? 0), 0];

/** A section of one item many times. */
function repeated(id: number, count: number, item: Part): Uint8Array {
  const one = Buffer.from(bytesOf(item));
  return nested(id, Buffer.concat([Buffer.from(leb(count)), ...times(count, () => one)]));
}

/** A component of sections that may be long. */
function joined(...sections: readonly (readonly number[] | Uint8Array)[]): Uint8Array {
  return Buffer.concat([componentOf(), ...sections.map((one) => Buffer.from(one))]);
}

/** Code of the refusal, and the CPU time it took. */
function refusal(bytes: Uint8Array): { readonly code: string | undefined; readonly ms: number } {
  const before = process.threadCpuUsage();
  const error = errorOf(() => parseComponent(bytes));
  const { user, system } = process.threadCpuUsage(before);
  return { code: error?.code, ms: (user + system) / 1_000 };
}

const empty: Part = [0x40, 0, 1, 0];
const doubled = (count: number): readonly number[] =>
  section(7, [0x6f, 2, 0x7d, 0x7d], ...times(count, (at): Part => [0x6f, 2, typeIndex(at), typeIndex(at)]));
const deep = (count: number): readonly number[] =>
  section(7, [0x70, 0x7d], ...times(count, (at): Part => [0x70, typeIndex(at)]));
const components = (count: number): Uint8Array =>
  times(count, () => 4).reduce((bytes, id) => joined(nested(id, bytes)), joined());
const typesOfComponents = (count: number): Part =>
  times(count, () => 1).reduce<Part>((type) => [0x41, 1, 1, type], [0x41, 0]);
const importingMany = moduleOf(
  section(1, [0x60, 0, 0]),
  section(2, ...times(2_000, (at): Part => ['a', `n${at}`, 0, 0])),
);
const providingMany = moduleOf(
  section(1, [0x60, 0, 0]),
  section(3, 0),
  section(7, ...times(2_000, (at): Part => [`n${at}`, 0, 0])),
  section(10, [2, 0, 0x0b]),
);

describe('a few bytes cannot ask for much', () => {
  test.each<[string, Uint8Array]>([
    ['types that hold the one before twice', joined(doubled(60))],
    ['types in each other', joined(deep(2_000))],
    ['components in each other', components(300)],
    ['types of components in each other', joined(section(7, typesOfComponents(1_000)))],
    [
      'types of instances that hold the one before twice',
      joined(
        section(
          7,
          [0x42, 0],
          ...times(60, (at): Part => [0x42, 3, [2, 3, 2, 1, leb(at)], [4, 0, 'a', 5, 0], [4, 0, 'b', 5, 0]]),
        ),
      ),
    ],
    [
      'instances of a component with many resources',
      joined(
        section(7, [0x41, leb(1_000), times(1_000, (at): Part => [4, 0, `n${at}`, 3, 1])]),
        section(10, [0, 'c', 4, 0]),
        repeated(5, 20_000, [0, 0, 0]),
      ),
    ],
    [
      'instances of a module with many imports',
      joined(
        nested(1, importingMany),
        nested(1, providingMany),
        section(2, [0, 1, 0]),
        repeated(2, 20_000, [0, 0, 1, 'a', 0x12, 0]),
      ),
    ],
    [
      'lowered functions of a large type',
      joined(
        section(7, [0x40, leb(1_000), times(1_000, (at): Part => [`f${at}`, 0x7d]), 1, 0]),
        section(10, [0, 'f', 1, 0]),
        section(3, [0x50, 1, [3, 'm', 2, 0, 1]]),
        section(10, [0, 'm', 0, 0x11, 0]),
        section(2, [0, 0, 0]),
        section(6, [0, 2, 1, 0, 'm']),
        repeated(8, 20_000, [1, 0, 0, 1, 3, 0]),
      ),
    ],
    ['definitions', joined(repeated(7, 100_001, [0x70, 0x7d]))],
    ['sections', joined(Buffer.concat(times(100_001, () => Buffer.of(0, 1, 0))))],
  ])('by %s', (_what, bytes) => {
    const { code, ms } = refusal(bytes);
    expect(code).toBe('TOO_LARGE');
    expect(ms).toBeLessThan(soonMs);
  });

  test('by instances of a component with many exports, within reason', () => {
    const exports = times(1_000, (at): Part => [0, `n${at}`, 1, 0, 0]);
    const large = joined(section(7, empty), section(10, [0, 'f', 1, 0]), section(11, ...exports));
    const instances = repeated(5, 300, [0, 0, 1, 'f', 1, 0]);
    const { code, ms } = refusal(
      joined(section(7, empty), section(10, [0, 'f', 1, 0]), nested(4, large), instances),
    );
    expect(code).toBeUndefined();
    expect(ms).toBeLessThan(soonMs);
  });

  test.each([2, 3, 5, 6, 7, 8, 10, 11])('by a number in section %d that nothing follows', (id) => {
    expect(refusal(componentOf([id, 5, 0xff, 0xff, 0xff, 0xff, 0x0f])).code).toBe('TRUNCATED');
  });

  test('by a number of labels that nothing follows', () => {
    expect(refusal(componentOf([7, 7, 1, 0x6d, 0xff, 0xff, 0xff, 0xff, 0x0f])).code).toBe('TRUNCATED');
  });
});

test('what is large within reason is read', () => {
  for (const bytes of [
    joined(doubled(12)),
    joined(deep(98)),
    components(98),
    joined(repeated(7, 50_000, empty)),
  ]) {
    expect(refusal(bytes)).toEqual({ code: undefined, ms: expect.any(Number) });
  }
});

test.each([
  { maxBytes: 10 },
  { maxDefinitions: 2 },
  { maxTypeDepth: 2 },
  { maxTypeSize: 2 },
  { maxNesting: 0 },
])('a limit can be set: %o', (limits) => {
  const bytes = componentOf(section(7, [0x70, 0x7d], [0x70, 0]));
  expect(errorOf(() => parseComponent(bytes))).toBeUndefined();
  expect(errorOf(() => parseComponent(bytes, limits))?.code).toBe('TOO_LARGE');
});
