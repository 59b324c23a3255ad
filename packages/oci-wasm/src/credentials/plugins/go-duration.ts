/** Go's durations (`12h`, `1h30m`, `1.5s`, `0`) in milliseconds; undefined for anything else, negative ones included. */
export function parseGoDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^\+?(?:\d+(?:\.\d*)?(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|μs|ms|s|m|h)/g)]
    .map(([, count, unit]) => Number(count) * (milliseconds[unit ?? ''] ?? Number.NaN))
    .reduce((sum, part) => sum + part, 0);
}

const milliseconds: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
