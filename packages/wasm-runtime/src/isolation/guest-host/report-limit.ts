/** Lets through so many reports a second, with a burst; the rest is dropped and counted. */
export interface ReportLimit {
  /** The number dropped since the last one that passed, or `undefined` when this one is dropped. */
  pass(): number | undefined;
}

export function createReportLimit({
  perSecond = 10,
  burst = 20,
  now = () => performance.now(),
} = {}): ReportLimit {
  let tokens = burst;
  let last = now();
  let dropped = 0;
  return {
    pass() {
      const time = now();
      tokens = Math.min(burst, tokens + ((time - last) / 1000) * perSecond);
      last = time;
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
