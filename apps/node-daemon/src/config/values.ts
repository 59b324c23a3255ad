import { UsageError } from '../errors.ts';

/** A whole number from 0 to `max`; `name` is the flag for the message. */
export function parseInteger(name: string, value: unknown, max: number = 2 ** 31): number {
  const number = typeof value === 'number' ? value : /^\d+$/.test(String(value)) ? Number(value) : Number.NaN;
  if (!Number.isInteger(number) || number < 0 || number > max) {
    throw new UsageError(`${name} "${String(value)}" is no whole number from 0 to ${max}.`);
  }
  return number;
}

export function parseBoolean(name: string, value: string | boolean): boolean {
  if (typeof value === 'boolean') return value;
  if (/^(true|1|yes)$/i.test(value)) return true;
  if (/^(false|0|no)$/i.test(value)) return false;
  throw new UsageError(`${name} "${value}" is neither true nor false.`);
}

/** `a,b` → `['a', 'b']`; blanks and empty items are dropped. */
export function parseList(value: string | undefined): readonly string[] | undefined {
  return value
    ?.split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** `k=v,k2=v2` → record. */
export function parseLabels(name: string, value: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  for (const item of parseList(value) ?? []) {
    const equals = item.indexOf('=');
    if (equals < 1) throw new UsageError(`${name}: "${item}" is not of the form key=value.`);
    labels[item.slice(0, equals)] = item.slice(equals + 1);
  }
  return labels;
}

/** `NAME=VALUE`, or `NAME` to take the caller's own value as docker does. */
export function parseEnv(
  entry: string,
  environment: Readonly<Record<string, string | undefined>>,
): readonly [name: string, value: string] {
  const equals = entry.indexOf('=');
  if (equals === 0 || entry === '') throw new UsageError(`--env "${entry}" has no name: write NAME=VALUE.`);
  return equals < 0 ? [entry, environment[entry] ?? ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
}

/** `64Mi`, `1GiB`, `1048576` → bytes. */
export function parseBytes(name: string, value: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(k|ki|kib|m|mi|mib|g|gi|gib|b)?$/i.exec(value);
  if (!match)
    throw new UsageError(`${name} "${value}" is no size: write bytes, or a number with Ki, Mi or Gi.`);
  const unit = (match[2] ?? 'b').toLowerCase()[0] as 'b' | 'k' | 'm' | 'g';
  return Math.floor(Number(match[1]) * { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[unit]);
}

/** `500ms`, `2s`, `1m30s`, or seconds → milliseconds. */
export function parseDuration(name: string, value: string): number {
  if (!/^\d+(?:\.\d+)?$|^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(value)) {
    throw new UsageError(`${name} "${value}" is no duration: write 500ms, 2s, 1m or 1m30s.`);
  }
  let milliseconds = 0;
  for (const [, number, unit = 's'] of value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)?/g)) {
    milliseconds +=
      Number(number) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit as 'ms' | 's' | 'm' | 'h'];
  }
  return milliseconds;
}
