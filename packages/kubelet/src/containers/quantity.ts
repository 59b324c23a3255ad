/**
 * A Kubernetes quantity (`100m`, `64Mi`, `1e3`, `2`) as a number of units; `undefined` when it is none.
 *
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function parseQuantity(text: string | number | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,2})|([a-zA-Z]{0,2}))$/.exec(String(text));
  if (match === null) return undefined;
  const [, digits, exponent, suffix = ''] = match;
  const scale = exponent === undefined ? scales[suffix] : 10 ** Number(exponent);
  return scale === undefined ? undefined : Number(digits) * scale;
}

const scales: Readonly<Record<string, number | undefined>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};
