import type { Clock } from '../node/clock.ts';

export interface VirtualClock {
  readonly clock: Clock;
  /** How many sleeps are waiting for their time. */
  readonly sleeping: number;
  /**
   * Moves time forward. Sleeps that fall due are woken in their order, each at its own time, and what they
   * set going gets the event loop to itself for a few turns before the next one is woken.
   */
  advance(ms: number): Promise<void>;
}

interface Sleeper {
  readonly due: number;
  wake(): void;
}

/** A clock that moves only when it is told to. */
export function virtualClock(start: Date | string = '2026-01-01T00:00:00Z'): VirtualClock {
  let now = new Date(start).getTime();
  const sleepers = new Set<Sleeper>();

  const clock: Clock = {
    now: () => new Date(now),
    sleep(ms, { signal } = {}) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason as Error);
          return;
        }
        const onAbort = (): void => {
          sleepers.delete(sleeper);
          reject(signal?.reason as Error);
        };
        const sleeper: Sleeper = {
          due: now + Math.max(0, ms),
          wake() {
            sleepers.delete(sleeper);
            signal?.removeEventListener('abort', onAbort);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', onAbort, { once: true });
      });
    },
  };

  return {
    clock,
    get sleeping() {
      return sleepers.size;
    },
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const next = earliest(sleepers);
        if (next === undefined || next.due > end) break;
        now = Math.max(now, next.due);
        next.wake();
        await settle();
      }
      now = end;
      await settle();
    },
  };
}

function earliest(sleepers: ReadonlySet<Sleeper>): Sleeper | undefined {
  let first: Sleeper | undefined;
  for (const sleeper of sleepers) {
    if (first === undefined || sleeper.due < first.due) first = sleeper;
  }
  return first;
}

/** Enough turns of the event loop for chains of promises; file operations may take longer. */
const settleTurns = 4;

async function settle(): Promise<void> {
  for (let turn = 0; turn < settleTurns; turn++) await new Promise((resolve) => setImmediate(resolve));
}
