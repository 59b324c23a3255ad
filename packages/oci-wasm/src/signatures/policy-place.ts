import { isRecord } from '../content/read-descriptor.ts';
import { OciError } from '../errors.ts';

/** A place in a policy, which its errors name. */
export interface PolicyPlace {
  /** Where files that are named there are looked for. */
  readonly directory: string;
  invalid(this: void, problem: string, cause?: unknown): OciError;
  /** `key`, `.key` or `[0]`, further in. */
  at(this: void, path: string): PolicyPlace;
  /** An object with no other keys. Throws {@link OciError} `INVALID_CONFIG`, as those below. */
  fields<K extends string>(
    this: void,
    value: unknown,
    known: readonly K[],
  ): Readonly<Partial<Record<K, unknown>>>;
  /** A list with an entry at least, each with its place. */
  entries(this: void, value: unknown): readonly (readonly [entry: unknown, place: PolicyPlace])[];
  text(this: void, value: unknown): string;
}

export function policyPlace(name: string, directory: string): PolicyPlace {
  const invalid = (problem: string, cause?: unknown): OciError =>
    new OciError('INVALID_CONFIG', `${name}: ${problem}`, { cause });
  const place: PolicyPlace = {
    directory,
    invalid,
    at: (path) =>
      policyPlace(`${name}${path.startsWith('.') || path.startsWith('[') ? '' : ', '}${path}`, directory),
    fields(value, known) {
      if (!isRecord(value)) throw invalid(`must be an object with ${known.join(', ')}`);
      const other = Object.keys(value).find((key) => !known.some((one) => one === key));
      if (other === undefined) return value as Readonly<Partial<Record<(typeof known)[number], unknown>>>;
      throw invalid(`"${other.slice(0, 100)}" is not supported here; write ${known.join(', ')}`);
    },
    entries(value) {
      if (!Array.isArray(value) || value.length === 0) throw invalid('must be a list with an entry at least');
      return value.map((entry: unknown, index) => [entry, place.at(`[${index}]`)] as const);
    },
    text(value) {
      if (typeof value !== 'string' || value === '') throw invalid('must be a text');
      return value;
    },
  };
  return place;
}
