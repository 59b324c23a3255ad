import type { Clock } from '../node/clock.ts';
import type { Health } from '../provider.ts';

/** Whether a loop makes progress. One that has nothing to do is healthy. */
export interface LoopHealth {
  /** One turn of the loop. */
  turn<T>(work: () => Promise<T>): Promise<T>;
  health(): Health;
}

/** Upstream's limit: twice the time between its resyncs. */
const longestTurnMs = 2 * 60_000;

export function createLoopHealth(clock: Pick<Clock, 'now'>): LoopHealth {
  let busySince: Date | undefined;
  return {
    async turn(work) {
      busySince = clock.now();
      try {
        return await work();
      } finally {
        busySince = undefined;
      }
    },
    health() {
      const isStuck = busySince !== undefined && clock.now().getTime() - busySince.getTime() > longestTurnMs;
      return isStuck ? { healthy: false, message: 'sync Loop took longer than expected' } : { healthy: true };
    },
  };
}
