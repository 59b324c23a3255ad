/**
 * Exponential back-off that is asked at events, as the kubelet's: the delay counts from the event, doubles
 * with each one, and is forgotten when nothing has happened for twice its maximum.
 */
export interface Backoff {
  /** Milliseconds left to wait at `now` for an event at `since`; 0 when it may go ahead. */
  remainingMs(since: Date, now: Date): number;
  /** The delay that applies now; 0 before the first {@link Backoff.step}. */
  readonly delayMs: number;
  /** Lengthens the delay for the next time. Call it when going ahead. */
  step(now: Date): void;
  reset(): void;
}

export interface BackoffOptions {
  /** @default 10_000 */
  readonly initialMs?: number;
  /** @default 300_000 */
  readonly maxMs?: number;
}

/** Upstream's figures for containers and images alike (`MaxContainerBackOff`, `containerBackOffPeriod`). */
const defaultInitialMs = 10_000;
const defaultMaxMs = 300_000;

export function createBackoff(options: BackoffOptions = {}): Backoff {
  const initialMs = options.initialMs ?? defaultInitialMs;
  const maxMs = options.maxMs ?? defaultMaxMs;
  let delayMs = 0;
  let updatedAt = 0;

  const expired = (at: number): boolean => at - updatedAt > 2 * maxMs;

  return {
    get delayMs() {
      return delayMs;
    },
    remainingMs(since, now) {
      if (delayMs === 0 || expired(since.getTime())) return 0;
      return Math.max(0, since.getTime() + delayMs - now.getTime());
    },
    step(now) {
      delayMs = delayMs === 0 || expired(now.getTime()) ? initialMs : Math.min(delayMs * 2, maxMs);
      updatedAt = now.getTime();
    },
    reset() {
      delayMs = 0;
    },
  };
}
