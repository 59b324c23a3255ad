import type { EntryArgument } from '../guest-spec.ts';
import { maxResults } from '../wire/messages.ts';

/** As JavaScript gives them to wasm. */
export function readArguments(args: readonly EntryArgument[]): readonly (number | bigint)[] {
  return args.map(([type, value]) => (type === 'i64' ? BigInt(value) : Number(value)));
}

/** Numbers that a function gives, as text; vectors and references are left out. */
export function showResults(given: unknown): readonly string[] {
  const results: readonly unknown[] = Array.isArray(given) ? given : [given];
  return results
    .filter((value) => typeof value === 'number' || typeof value === 'bigint')
    .slice(0, maxResults)
    .map((value) => (Object.is(value, -0) ? '-0' : String(value)));
}
