import { setTimeout as delay } from 'node:timers/promises';
import type { Clocks } from '../system/clocks.ts';
import { longestSleepMs, type Ready } from '../system/readiness.ts';
import type { Pollable } from './io-resources.ts';

/** Ready from a time of the monotonic clock on. The only kind that a thread can sleep for. */
export class TimePollable implements Pollable {
  readonly #dueNs: bigint;
  readonly #clocks: Clocks;

  constructor(dueNs: bigint, clocks: Clocks) {
    this.#dueNs = dueNs;
    this.#clocks = clocks;
  }

  isReady(): boolean {
    return this.#clocks.monotonic() >= this.#dueNs;
  }

  /** 0 when it is ready. */
  leftMs(): number {
    const left = Number(this.#dueNs - this.#clocks.monotonic()) / 1e6;
    return Math.min(Math.max(left, 0), longestSleepMs);
  }

  readonly ready: Ready = async (signal) => {
    while (!this.isReady()) await delay(Math.ceil(this.leftMs()), undefined, { signal });
  };
}
