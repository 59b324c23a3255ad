import { startTimeout } from './timeout.ts';

/** The time that a guest has been given to end. */
export interface Grace {
  /** Gives it so long from now on; of several times the earliest end counts. Answers whether it is the first. */
  begin(graceMs: number): boolean;
  /** It has ended. */
  end(): void;
}

export function createGrace(onPassed: (graceMs: number) => void): Grace {
  let running: { readonly until: number; readonly stop: () => void } | undefined;
  return {
    begin(graceMs) {
      const isFirst = running === undefined;
      const until = performance.now() + graceMs;
      if (running !== undefined && running.until <= until) return isFirst;
      running?.stop();
      running = { until, stop: startTimeout(graceMs, onPassed) };
      return isFirst;
    },
    end: () => running?.stop(),
  };
}
