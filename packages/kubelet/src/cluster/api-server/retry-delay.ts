/** Delays between attempts: exponential with jitter, from 0.8 s to 30 s as client-go's reflector has them. */
export interface RetryDelay {
  /** The next delay, no shorter than what the server asked for. */
  next(retryAfterMs?: number): number;
  /** After a success. */
  reset(): void;
}

export interface RetryDelayOptions {
  readonly initialMs?: number;
  readonly maxMs?: number;
  /** 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
}

/** Delays are spread over 1 to 2 times the nominal one, so that a fleet does not come back at once. */
export function createRetryDelay(options: RetryDelayOptions): RetryDelay {
  const { initialMs = 800, maxMs = 30_000, random } = options;
  let nominal = initialMs;
  return {
    next(retryAfterMs = 0) {
      const delay = Math.min(nominal * (1 + random()), maxMs);
      nominal = Math.min(nominal * 2, maxMs);
      return Math.max(delay, Math.min(retryAfterMs, maxMs));
    },
    reset() {
      nominal = initialMs;
    },
  };
}
