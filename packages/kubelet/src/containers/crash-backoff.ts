import type { Pod } from '../pods/pod.ts';
import { type BackoffOptions, createBackoff } from './backoff.ts';

/** When a container that has ended may start again. */
export interface CrashBackoff {
  /**
   * Milliseconds to wait at `now` before the restart that follows an end at `finishedAt`. The first restart is
   * immediate, the next ones wait 10 s, 20 s … 300 s from the end; ten minutes without an end forget it all.
   */
  remainingMs(finishedAt: Date, now: Date): number;
  /** `state.waiting.message` while the back-off lasts. */
  message(pod: Pod, container: string): string;
  /** Notes that the restart after an end at `finishedAt` goes ahead. */
  restarted(finishedAt: Date): void;
  /** Another image is another program. */
  reset(): void;
}

export function createCrashBackoff(options?: BackoffOptions): CrashBackoff {
  const backoff = createBackoff(options);
  return {
    remainingMs: (finishedAt, now) => backoff.remainingMs(finishedAt, now),
    message(pod, container) {
      const { name, namespace, uid } = pod.metadata;
      return `back-off ${goSeconds(backoff.delayMs)} restarting failed container=${container} pod=${name}_${namespace}(${uid})`;
    },
    restarted: (finishedAt) => backoff.step(finishedAt),
    reset: () => backoff.reset(),
  };
}

/** Whole seconds as Go's `time.Duration` prints them: `40s`, `1m20s`, `5m0s`. */
function goSeconds(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
