/** Lets through so many reports a second, with a burst; the rest is dropped and counted. */
export interface ReportLimit {
  /** The number dropped since the last one that passed, or `undefined` when this one is dropped. */
  pass(): number | undefined;
}

export function createReportLimit({ perSecond = 10, burst = 20 } = {}): ReportLimit {
  let tokens = burst;
  let last = performance.now();
  let dropped = 0;
  return {
    pass() {
      const now = performance.now();
      tokens = Math.min(burst, tokens + ((now - last) / 1000) * perSecond);
      last = now;
      if (tokens < 1) {
        dropped += 1;
        return undefined;
      }
      tokens -= 1;
      const before = dropped;
      dropped = 0;
      return before;
    },
  };
}
