/**
 * A Kubernetes quantity (`100m`, `64Mi`, `1e3`, `2`) as a number of units; `undefined` when it is none.
 *
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function parseQuantity(text: string | number | undefined): number | undefined {
  const nanos = parseNanos(text);
  if (nanos === undefined) return undefined;
  return nanos % nano === 0n ? Number(nanos / nano) : Number(nanos) / Number(nano);
}

/** A quantity in billionths of a unit, the finest that there is; finer ones are rounded up. */
export function parseNanos(text: string | number | undefined): bigint | undefined {
  const match = quantity.exec(String(text ?? ''));
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', bareFraction = '', exponent, suffix = ''] = match;
  const decimals = fraction + bareFraction;
  const binary = binaryPowers.indexOf(suffix);
  const power = exponent === undefined ? (decimalPowers[suffix] ?? 0) : Number(exponent);
  if (exponent === undefined && binary === -1 && decimalPowers[suffix] === undefined) return undefined;

  const digits = BigInt(whole + decimals) * (binary === -1 ? 1n : 1024n ** BigInt(binary + 1));
  const shift = power + 9 - decimals.length;
  const nanos = shift >= 0 ? digits * 10n ** BigInt(shift) : ceilDivide(digits, 10n ** BigInt(-shift));
  return sign === '-' ? -nanos : nanos;
}

/** Division of non-negative numbers, rounded up. */
export function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

const nano = 1_000_000_000n;
const quantity =
  /^([+-])?(?:(\d{1,40})(?:\.(\d{0,40}))?|\.(\d{1,40}))(?:[eE]([+-]?\d{1,2})|([a-zA-Z]{0,2}))$/;
const binaryPowers: readonly string[] = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const decimalPowers: Readonly<Record<string, number | undefined>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
