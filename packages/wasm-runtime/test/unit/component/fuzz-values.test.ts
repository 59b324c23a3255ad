import { isDeepStrictEqual } from 'node:util';
import { flattenType, type StringEncoding, type ValueType } from '@wasmlet/wasm-binary';
import { expect, test } from 'vitest';
import { createCopies } from '../../../src/component/abi/copy-value.ts';
import { createFlatValues } from '../../../src/component/abi/flat-values.ts';
import { createLoads } from '../../../src/component/abi/load-value.ts';
import { createStores } from '../../../src/component/abi/store-value.ts';
import { createShapes } from '../../../src/component/abi/type-shapes.ts';
import type { CoreValue } from '../../../src/component/host-interface.ts';
import type { LinkedGuest } from '../../../src/component/link/linked-guest.ts';
import { randomType, randomValue } from '../../fixtures/component/random-types.ts';
import { type Told, toldBy, type WildGuest, wildGuest } from '../../fixtures/component/wild-guest.ts';
import type { Dice } from '../../fixtures/dice.ts';
import { faultsOf, fuzzTimeoutMs } from '../../fixtures/faults-of.ts';

// What guests pass lies in their memories, where they write what they like: whatever is there, it is read as a value of its type or
// ends the guest by a trap, and what is well-formed comes through. Seeded, so that a failure can be repeated; with FUZZ_SECONDS,
// each test goes on so much longer with other seeds.
const timeout = fuzzTimeoutMs;
const encodings: readonly StringEncoding[] = ['utf8', 'utf16', 'latin1+utf16'];
const allowedBytes = 256 * 1024;
/** Where values lie, and where they are put when they were passed flat. */
const [at, spilt] = [64, 512];

interface Passed {
  readonly type: ValueType;
  readonly value: unknown;
  readonly outer: StringEncoding;
  readonly inner: StringEncoding;
  /** What is written where over the value that lies in memory, in 32 bits: nothing for a value that is right. */
  readonly writes: readonly (readonly [place: number, word: number])[];
  /** What the allocator that it is copied by answers, whatever is free. */
  readonly allocated: number | undefined;
  /** Whether the memory that it is copied to grows meanwhile. */
  readonly grows: boolean;
}

function randomPassed(dice: Dice, spoils: boolean): Passed {
  const [type, value] = randomTyped(dice);
  return {
    type,
    value,
    outer: dice.pick(encodings),
    inner: dice.pick(encodings),
    writes: Array.from({ length: spoils ? 1 + dice.below(4) : 0 }, () => {
      const place = dice.below(3) === 0 ? 1_024 + dice.below(64) : at + dice.below(32);
      return [place, randomWord(dice)];
    }),
    allocated: spoils && dice.below(6) === 0 ? randomWord(dice) : undefined,
    grows: dice.below(50) === 0,
  };
}

/** A type and a value of it, with lists of known length and maps on the outside. */
function randomTyped(dice: Dice): readonly [type: ValueType, value: unknown] {
  const below = (count: number): number => dice.below(count);
  const type = randomType(below, dice.below(4));
  const one = (): unknown => randomValue(type, below);
  switch (dice.below(6)) {
    case 0: {
      const length = 1 + dice.below(4);
      const values = Array.from({ length }, one);
      return [
        { kind: 'list', element: type, length },
        type.kind === 'u8' ? Uint8Array.from(values as number[]) : values,
      ];
    }
    case 1: {
      const entries = Array.from({ length: dice.below(4) }, (_, key) => [`k${key}`, one()] as const);
      return [{ kind: 'map', key: { kind: 'string' }, value: type }, new Map(entries)];
    }
    default:
      return [type, one()];
  }
}

/** Small ones, places in the memory and around its end, and those that overflow when they are multiplied. */
function randomWord(dice: Dice): number {
  const small = dice.below(40);
  return dice.pick([
    small,
    small,
    1_024 + small,
    65_536 - small,
    2 ** 32 - 1 - small,
    2 ** 31 + small,
    2 ** 29 + small,
    0xd800,
  ]);
}

/** Memories of who passes something and of who gets it: to make one for each takes longer than all the rest. */
const here = new WebAssembly.Memory({ initial: 1, maximum: 1 });
const there = new WebAssembly.Memory({ initial: 4, maximum: 4 });
/** What is made for types once: of a component, which has few of them. */
function createAbi() {
  const shapes = createShapes();
  return {
    loadOf: createLoads(shapes),
    storeOf: createStores(shapes),
    copyOf: createCopies(shapes),
    flat: createFlatValues(shapes),
  };
}

let known = createAbi();
let uses = 0;
/** Forgets what it knows now and then: here are more types than a component has. */
function abi(): typeof known {
  uses += 1;
  if (uses % 1_000 === 0) known = createAbi();
  return known;
}

const load = (type: ValueType, guest: LinkedGuest): unknown =>
  abi().loadOf(type)(guest.view(), at, guest, { left: allowedBytes });

/** A guest with the value in its memory, and with what is written over it. */
function holding({ type, value, outer, writes }: Passed): WildGuest {
  const wild = wildGuest(outer, { memory: here });
  abi().storeOf(type)(wild.guest, at, value, wild.guest);
  for (const [place, word] of writes) wild.guest.view().setUint32(place, word, true);
  return wild;
}

function receiving({ inner, allocated, grows }: Passed): WildGuest {
  return wildGuest(inner, { allocated, ...(grows ? {} : { memory: there }) });
}

/** Reads a value in one guest, and in the guest that it is copied to: both give the same, or both trap. */
function read(passed: Passed): string | undefined {
  const { type } = passed;
  const from = holding(passed);
  const loaded = toldBy(from, () => load(type, from.guest));
  if (passed.writes.length === 0 && !isSame(loaded, { value: passed.value }))
    return 'is another value when it is read';
  const source = holding(passed);
  const target = receiving(passed);
  const copied = toldBy([source, target], () => {
    abi().copyOf(type)(source.guest.view(), at, target.guest, at, {
      from: source.guest,
      to: target.guest,
      lent: [],
    });
    return load(type, target.guest);
  });
  // What is given the same room twice is written over.
  if (passed.allocated !== undefined) return undefined;
  if (isOfRoom(loaded) || isOfRoom(copied)) return undefined;
  if ('trap' in loaded && source.trapped() === undefined) return 'is copied, and is no value';
  if (isSame(loaded, copied)) return restored(passed, loaded);
  return `read ${show(loaded)}, copied ${show(copied)}`;
}

/** What could be read can be written, in another encoding, and is the same when it is read again. */
function restored(passed: Passed, loaded: Told): string | undefined {
  if (!('value' in loaded)) return undefined;
  const { type } = passed;
  const wild = receiving(passed);
  const again = toldBy(wild, () => {
    abi().storeOf(type)(wild.guest, at, loaded.value, wild.guest);
    return load(type, wild.guest);
  });
  return isSame(again, loaded) || isOfRoom(again) ? undefined : `stored ${show(loaded)}, read ${show(again)}`;
}

const isSame = (a: Told, b: Told): boolean =>
  'trap' in a || 'trap' in b ? 'trap' in a && 'trap' in b : isDeepStrictEqual(a.value, b.value);

/** A trap for what an allocator answers, or for bytes that add up, which one way of passing may meet before the other. */
const isOfRoom = (told: Told): boolean => 'trap' in told && /realloc|takes more bytes/.test(told.trap);

const show = (passed: unknown): string =>
  JSON.stringify(passed, (_, value: unknown) => {
    if (typeof value === 'bigint') return `${value}n`;
    return value instanceof Map ? [...(value as Map<unknown, unknown>)] : value;
  }) ?? '';

test('values come back as they were, in all encodings', { timeout }, async () => {
  const faults = await faultsOf({ rounds: 2_000, make: (dice) => randomPassed(dice, false), read, show });
  expect(faults).toEqual([]);
});

test('values that are written over are read as others, or trap', { timeout }, async () => {
  const traps = new Set<string>();
  const faults = await faultsOf({
    rounds: 10_000,
    make: (dice) => randomPassed(dice, true),
    read(passed) {
      const from = holding(passed);
      const told = toldBy(from, () => load(passed.type, from.guest));
      if ('trap' in told) traps.add(told.trap.replaceAll(/[-\d]+/g, 'N'));
      return read(passed);
    },
    show,
  });
  expect(faults).toEqual([]);
  expect(traps.size).toBeGreaterThan(4);
});

interface Flat {
  readonly type: ValueType;
  readonly value: unknown;
  /** Core values that are put in the place of those by their number. */
  readonly changes: readonly (readonly [place: number, word: number])[];
}

function randomFlat(dice: Dice): Flat {
  const [type, value] = randomTyped(dice);
  const changes = Array.from({ length: dice.below(4) }, () => [dice.below(6), randomWord(dice)] as const);
  return { type, value, changes };
}

function readFlat({ type, value, changes }: Flat): string | undefined {
  if (flattenType(type) === undefined) return undefined; // never passed flat
  const wild = wildGuest('utf8', { memory: here });
  abi().storeOf(type)(wild.guest, at, value, wild.guest);
  const values: CoreValue[] = [];
  abi().flat.fillOf(type)(wild.guest.view(), at, values);
  for (const [place, word] of changes) {
    if (place < values.length) values[place] = typeof values[place] === 'bigint' ? BigInt(word) : word | 0;
  }
  const told = toldBy(wild, () => {
    const cursor = { values, at: 0 };
    abi().flat.spillOf(type)(cursor, wild.guest.view(), spilt, wild.guest);
    if (cursor.at !== values.length) throw new Error(`${cursor.at} of ${values.length} values are read`);
    return abi().loadOf(type)(wild.guest.view(), spilt, wild.guest, { left: allowedBytes });
  });
  return changes.length > 0 || isSame(told, { value })
    ? undefined
    : `is ${show(told)} when it was passed flat`;
}

test('flat values are read as what they say, or trap', { timeout }, async () => {
  expect(await faultsOf({ rounds: 3_000, make: randomFlat, read: readFlat, show })).toEqual([]);
});

interface Text {
  readonly bytes: readonly number[];
  readonly pointer: number;
  readonly length: number;
  readonly outer: StringEncoding;
  readonly inner: StringEncoding;
}

function randomText(dice: Dice): Text {
  const pieces = ['a', 'ü', '世', '\u{1f30d}', '\0', '\ufeff', 'x'.repeat(30), '\u07ff', '\uffff'];
  const outer = dice.pick(encodings);
  const isWide = outer === 'utf16' || (outer !== 'utf8' && dice.below(2) === 0);
  const text = Array.from({ length: dice.below(6) }, () => dice.pick(pieces)).join('');
  const bytes = [...Buffer.from(text, isWide ? 'utf16le' : outer === 'utf8' ? 'utf8' : 'latin1')];
  const telling = [0x80, 0xbf, 0xc0, 0xc1, 0xe0, 0xed, 0xa0, 0xf4, 0x90, 0xf5, 0xff, 0xd8, 0xdc, 0];
  for (let left = dice.below(3); left > 0 && bytes.length > 0; left -= 1)
    bytes[dice.below(bytes.length)] = dice.pick(telling);
  const units = isWide ? bytes.length >> 1 : bytes.length;
  const length =
    (dice.below(10) === 0 ? randomWord(dice) : units) + (isWide && outer !== 'utf16' ? 2 ** 31 : 0);
  const pointer = dice.below(8) === 0 ? randomWord(dice) : 1_024 + 2 * dice.below(8);
  return { bytes, pointer, length: length >>> 0, outer, inner: dice.pick(encodings) };
}

/** What a string is by the rules of its encoding; nothing where it is none. */
function textOf({ pointer, length, outer }: Text, memory: Uint8Array): string | undefined {
  const isTagged = outer === 'latin1+utf16' && length >= 2 ** 31;
  const isWide = outer === 'utf16' || isTagged;
  const size = isWide ? 2 * (isTagged ? length - 2 ** 31 : length) : length;
  const isAligned = outer === 'utf8' || pointer % 2 === 0;
  if (!isAligned || pointer + size > memory.length) return undefined;
  const bytes = memory.subarray(pointer, pointer + size);
  if (!isWide && outer !== 'utf8') return String.fromCharCode(...bytes);
  try {
    return new TextDecoder(isWide ? 'utf-16le' : 'utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function readText(text: Text): string | undefined {
  const guest = (): WildGuest => {
    const wild = wildGuest(text.outer, { memory: here });
    wild.guest.bytes().set(text.bytes, text.pointer < 60_000 ? text.pointer : 1_024);
    return wild;
  };
  const from = guest();
  const expected = textOf(text, from.guest.bytes());
  const { pointer, length } = text;
  const told = toldBy(from, () => from.guest.readString(pointer, length));
  if (('trap' in told ? undefined : told.value) !== expected)
    return `is read as ${show(told)}, not ${show(expected)}`;
  const source = guest();
  const target = wildGuest(text.inner, { memory: there });
  const moved = toldBy([source, target], () =>
    target.guest.readString(...source.guest.moveString(pointer, length, target.guest)),
  );
  if ('trap' in told && source.trapped() === undefined) return 'is moved, and is no string';
  return isSame(moved, told) ? undefined : `is moved as ${show(moved)}`;
}

test('strings are what their encoding says, and move between encodings as they are', {
  timeout,
}, async () => {
  expect(await faultsOf({ rounds: 10_000, make: randomText, read: readText, show })).toEqual([]);
});
