import type { CanonOptions } from './canon.ts';
import type { Reading } from './reading.ts';
import type { Scope } from './scope.ts';
import { type AnyType, partsOf } from './type-parts.ts';

/** Whether values of a type lie in memory wholly or in part: strings and lists do. Counts the parts that it looks at. */
export function needsMemory(reading: Reading, type: AnyType): boolean {
  reading.countWork(1);
  if (type.kind === 'string' || type.kind === 'map') return true;
  if (type.kind === 'list' && type.length === undefined) return true;
  if (type.kind === 'stream' || type.kind === 'future') return false;
  return partsOf(type).some((part) => needsMemory(reading, part));
}

/** Throws `INVALID` when an option that is needed is missing. */
export function wantOptions(
  { reading }: Scope,
  options: CanonOptions,
  wanted: { readonly memory: boolean; readonly realloc: boolean },
): void {
  if ((wanted.memory || wanted.realloc) && options.memory === undefined) {
    reading.invalid('the canonical option memory is missing');
  }
  if (wanted.realloc && options.realloc === undefined) {
    reading.invalid('the canonical option realloc is missing');
  }
}
