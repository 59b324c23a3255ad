import type { ByteReader } from '../byte-reader.ts';
import { WasmBinaryError, type WasmBinaryErrorCode } from '../errors.ts';
import { createNameBudget } from '../name-budget.ts';
import type { KnownLayouts } from './layout.ts';
import type { ComponentLimits } from './limits.ts';
import { createTypeFacts, type TypeFacts } from './type-facts.ts';
import type { AnyType } from './type-parts.ts';
import type { ExternItem, ExternType, ResourceId } from './types.ts';

/** What the reading of one binary carries along: what it has used of its limits, and what it knows of types. */
export interface Reading {
  readonly limits: ComponentLimits;
  /** Offset of the definition that is read: where a broken rule is told. */
  at: number;
  invalid(message: string): never;
  malformed(message: string): never;
  unsupported(what: string): never;
  tooLarge(message: string): never;
  countDefinition(): void;
  countCoreItems(number: number): void;
  /** Parts of types that are looked at more than once, and what else a few bytes can ask for many times. */
  countWork(parts: number): void;
  name(reader: ByteReader): string;
  nextResource(): ResourceId;
  factsOf(type: AnyType): TypeFacts;
  readonly layouts: KnownLayouts;
  /** Imports or exports of a type by their names; of two with one name, the last. */
  byName(items: readonly ExternItem[]): ReadonlyMap<string, ExternType>;
}

export function createReading(limits: ComponentLimits): Reading {
  let definitions = 0;
  let coreItems = 0;
  let work = 0;
  let resources = 0;
  const named = new Map<readonly ExternItem[], ReadonlyMap<string, ExternType>>();
  const fail = (code: WasmBinaryErrorCode, message: string): never => {
    throw new WasmBinaryError(code, message, reading.at);
  };
  const reading: Reading = {
    limits,
    at: 0,
    invalid: (message) => fail('INVALID', message),
    malformed: (message) => fail('MALFORMED', message),
    unsupported: (what) => fail('UNSUPPORTED', `${what} are not read`),
    tooLarge: (message) => fail('TOO_LARGE', message),
    countDefinition() {
      definitions += 1;
      if (definitions > limits.maxDefinitions)
        fail('TOO_LARGE', `more than ${limits.maxDefinitions} definitions`);
    },
    countCoreItems(number) {
      coreItems += number;
      if (coreItems > limits.maxCoreItems) {
        fail(
          'TOO_LARGE',
          `more than ${limits.maxCoreItems} types, imports, functions and exports of core modules`,
        );
      }
    },
    countWork(parts) {
      work += parts;
      if (work > limits.maxTypeWork) {
        fail(
          'TOO_LARGE',
          `more than ${limits.maxTypeWork} parts of types to compare and to put in for each other`,
        );
      }
    },
    name: createNameBudget(limits.maxNamesBytes),
    nextResource() {
      resources += 1;
      return resources;
    },
    factsOf: createTypeFacts((message) => fail('TOO_LARGE', message), limits),
    layouts: new Map(),
    byName(items) {
      const before = named.get(items);
      if (before) return before;
      const map = new Map(items.map(({ name, type }) => [name, type]));
      named.set(items, map);
      return map;
    },
  };
  return reading;
}
