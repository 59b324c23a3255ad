import { setTimeout as delay } from 'node:timers/promises';

/** How often, and with what pauses, a request is tried again that met a 408, a 429, a 5xx or a reset. */
export interface RetryPolicy {
  /** Of one request, the first included; of a blob that breaks off, tries in a row that bring it no further. @default 3 */
  readonly tries: number;
  /** Limit of the random pause before the second try; doubled each time. @default 500 */
  readonly baseDelayMs: number;
  /**
   * Largest limit of the random pause. A registry that asks for a longer pause (`Retry-After`) gets it, as long
   * as the transfer's deadline (`timeouts.totalMs`) is not before its end. @default 20_000
   */
  readonly maxDelayMs: number;
  /**
   * Longest pause that is waited for at all: when a registry asks for a longer one, its answer is told at once, for
   * callers that have a back-off of their own. @default Infinity
   */
  readonly maxPauseMs: number;
  /** Rejects when `signal` aborts. @default a timer */
  readonly wait: (ms: number, options: { readonly signal: AbortSignal | undefined }) => Promise<void>;
  /** Milliseconds that never run backwards. @default performance.now */
  readonly now: () => number;
  /** 0 to 1. @default Math.random */
  readonly random: () => number;
}

export const defaultRetryPolicy: RetryPolicy = {
  tries: 3,
  baseDelayMs: 500,
  maxDelayMs: 20_000,
  maxPauseMs: Number.POSITIVE_INFINITY,
  wait: async (ms, { signal }) => {
    await delay(Math.min(ms, maxTimerMs), undefined, signal === undefined ? {} : { signal });
  },
  now: () => performance.now(),
  random: Math.random,
};

/** Longer timers end at once (Node's `setTimeout`). */
export const maxTimerMs = 2 ** 31 - 1;
