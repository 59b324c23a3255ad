import { stat } from 'node:fs/promises';
import process from 'node:process';
import type { Clock } from '../node/clock.ts';

export interface VirtualClock {
  readonly clock: Clock;
  /** How many sleeps are waiting for their time. */
  readonly sleeping: number;
  /** Milliseconds until the next of them falls due; absent when there is none. */
  readonly nextInMs: number | undefined;
  /**
   * Moves time forward. Sleeps that fall due are woken in their order, each at its own time, and what they
   * set going (promises, file operations) comes to its end before the next one is woken.
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
    get nextInMs() {
      const next = earliest(sleepers);
      return next === undefined ? undefined : next.due - now;
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

/** File operations of our own, one after another, in which no other is seen: more than one chain of them. */
const quietTurns = 10;
/** Something reads or writes all the time: time goes on all the same. */
const maxTurns = 5_000;

/**
 * Gives chains of promises and file operations the time to come to their end. Not every file operation shows
 * among the active resources, but all go through the same queue, so that each turn is one itself.
 */
async function settle(): Promise<void> {
  let quiet = 0;
  for (let turn = 0; quiet < quietTurns && turn < maxTurns; turn++) {
    await stat('.');
    await new Promise((resolve) => setImmediate(resolve));
    quiet = isFileOperationUnderWay() ? 0 : quiet + 1;
  }
}

function isFileOperationUnderWay(): boolean {
  const kinds = process.getActiveResourcesInfo();
  return kinds.some((kind) => kind.startsWith('FSReq') || kind === 'CloseReq');
}
