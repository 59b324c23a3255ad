import { createRetryDelay } from '../cluster/api-server/retry-delay.ts';
import { ClusterError } from '../cluster/cluster.ts';
import type { Clock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';

export interface ApiServerWaitOptions {
  readonly clock: Clock;
  /** Told of each failure, with the time until the next attempt. */
  readonly logger: Logger;
  /** 0 (inclusive) to 1 (exclusive): jitter. */
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/**
 * Repeats `call` as long as the API server is away or overloaded (refused, silent, 5xx, 429), until `signal`
 * aborts. Pauses grow from 0.8 s to 30 s, and are no shorter than what the server asks for.
 */
export async function waitingForApiServer<T>(
  call: () => Promise<T>,
  { clock, logger, random, signal }: ApiServerWaitOptions,
): Promise<T> {
  const delay = createRetryDelay({ random });
  for (;;) {
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ClusterError) || !isAway(error)) throw error;
      const delayMs = Math.round(delay.next(error.retryAfterMs));
      logger.warn({ error: error.message, delayMs }, 'the API server cannot be reached, trying again');
      await clock.sleep(delayMs, { signal });
    }
  }
}

function isAway({ code }: ClusterError): boolean {
  return code === 'Unavailable' || code === 'TooManyRequests';
}
