import { ProviderError } from '@wasmlet/kubelet/provider';
import type { HttpLimits, HttpTimeouts } from '@wasmlet/wasi-http';

/** JSON object that says where a pod's containers may connect to; `docs/egress.schema.json` has its form. */
export const egressAnnotation = 'wasmlet.dev/egress';

/** What it says. */
export interface AskedEgress extends HttpLimits {
  /** Entries of an egress policy's allow-list. */
  readonly allow: readonly string[];
}

/** Reads the annotation's value. Throws {@link ProviderError} `CONTAINER_CONFIG` that names what is wrong in it. */
export function parseEgressAnnotation(value: string): AskedEgress {
  const { allow, maxConcurrentRequests, maxBodyBytes, timeouts } = record(parseJson(value), keys);
  return {
    allow: parseList(allow),
    ...count('maxConcurrentRequests', maxConcurrentRequests, 0, 0xffff_ffff),
    ...count('maxBodyBytes', maxBodyBytes, 0, Number.MAX_SAFE_INTEGER),
    ...(timeouts === undefined ? {} : { timeouts: parseTimeouts(timeouts) }),
  };
}

const keys = ['allow', 'maxConcurrentRequests', 'maxBodyBytes', 'timeouts'] as const;
const timeoutKeys = [
  'connectMs',
  'headersMs',
  'bodyIdleMs',
] as const satisfies readonly (keyof HttpTimeouts)[];
const maxEntries = 1_000;

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch (cause) {
    throw unusable(`is not JSON: write ${example}`, cause);
  }
}

const example = '{"allow": ["https://example.com"]}';

function record<Key extends string>(
  value: unknown,
  known: readonly Key[],
): Readonly<Partial<Record<Key, unknown>>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unusable(`${shown(value)} is no object: write ${example}`);
  }
  const unknown = Object.keys(value).find((key) => !(known as readonly string[]).includes(key));
  if (unknown !== undefined) {
    throw unusable(`there is no "${unknown.slice(0, 40)}"; there are ${known.join(', ')}`);
  }
  return value as Readonly<Partial<Record<Key, unknown>>>;
}

function parseList(allow: unknown): readonly string[] {
  if (!Array.isArray(allow) || !allow.every((entry) => typeof entry === 'string')) {
    throw unusable(`"allow" is a list of texts: write ${example}`);
  }
  if (allow.length > maxEntries)
    throw unusable(`"allow" has ${allow.length} entries; ${maxEntries} are read`);
  return allow;
}

function parseTimeouts(value: unknown): Partial<HttpTimeouts> {
  const timeouts = record(value, timeoutKeys);
  return Object.assign(
    {},
    ...timeoutKeys.map((name) => count(name, timeouts[name], 1, 0x7fff_ffff)),
  ) as Partial<HttpTimeouts>;
}

function count<Name extends string>(
  name: Name,
  value: unknown,
  least: number,
  most: number,
): { readonly [K in Name]?: number } {
  if (value === undefined) return {};
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most) {
    throw unusable(`"${name}" is a whole number from ${least} to ${most}, not ${shown(value)}`);
  }
  return { [name]: value } as { readonly [K in Name]?: number };
}

function shown(value: unknown): string {
  return JSON.stringify(value).slice(0, 40);
}

function unusable(problem: string, cause?: unknown): ProviderError {
  return new ProviderError('CONTAINER_CONFIG', `annotation ${egressAnnotation}: ${problem}`, { cause });
}
