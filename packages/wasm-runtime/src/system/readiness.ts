import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';

/** Resolves when something is ready; rejects when `signal` aborts. */
export type Ready = (signal: AbortSignal) => Promise<void>;

/** Longest single sleep; waits for later deadlines are done again. */
export const longestSleepMs = 3_600_000;

/** Puts the thread to sleep without using processor time. Ending the worker or process interrupts it. */
export function createThreadSleep(): (milliseconds: number) => void {
  const never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  return (milliseconds) => {
    Atomics.wait(never, 0, 0, Math.min(milliseconds, longestSleepMs));
  };
}

/**
 * Resolves when the first source is ready or the time is over (0: after one turn of the event loop, so that what
 * has arrived is seen). What is not ready by then is told to stop waiting.
 */
export async function firstReady(
  sources: readonly Ready[],
  milliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  if (milliseconds <= 0) {
    await turn(undefined, { signal });
    return;
  }
  const timed = milliseconds !== Number.POSITIVE_INFINITY || sources.length === 0;
  const [only, ...others] = sources;
  if (only !== undefined && others.length === 0 && !timed) return only(signal);
  const stop = new AbortController();
  const abort = (): void => stop.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  const waits = sources.map((ready) => ready(stop.signal));
  if (timed) {
    waits.push(delay(Math.ceil(Math.min(milliseconds, longestSleepMs)), undefined, { signal: stop.signal }));
  }
  try {
    await Promise.race(waits);
  } finally {
    signal.removeEventListener('abort', abort);
    stop.abort(overtaken);
    await Promise.allSettled(waits);
  }
}

/** Why waits end that others were faster than. Made once: a reason of its own for each would take longer than the wait. */
const overtaken = new Error('something else was ready first');

/** Something that happens now and then. */
export interface Signal {
  /** It has happened: everybody who waits goes on. */
  raise(this: void): void;
  /** Resolves when it happens next; rejects when `signal` aborts. */
  raised(signal?: AbortSignal): Promise<void>;
}

export function createSignal(): Signal {
  const waiting = new Set<() => void>();
  return {
    raise() {
      for (const goOn of waiting) goOn();
      waiting.clear();
    },
    raised(signal) {
      return new Promise((resolve, reject) => {
        const abort = (): void => {
          waiting.delete(goOn);
          reject(signal?.reason as Error);
        };
        const goOn = (): void => {
          signal?.removeEventListener('abort', abort);
          resolve();
        };
        if (signal?.aborted) return reject(signal.reason as Error);
        waiting.add(goOn);
        signal?.addEventListener('abort', abort, { once: true });
      });
    },
  };
}
