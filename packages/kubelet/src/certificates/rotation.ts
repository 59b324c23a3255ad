import type { Clock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';
import { createRetryDelay } from '../cluster/api-server/retry-delay.ts';

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface RotationOptions {
  /** For messages: `client certificate`. */
  readonly what: string;
  readonly current: Validity;
  /** Gets the next certificate and puts it to use. */
  readonly rotate: (signal: AbortSignal) => Promise<Validity>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/** A timer holds 24 days at most, and a machine that slept should notice soon. */
const longestSleepMs = 60 * 60_000;
const retry = { initialMs: 60_000, maxMs: 30 * 60_000 };

/** Replaces a certificate before it ends, again and again, until `signal` aborts. Never rejects. */
export async function keepRotating(options: RotationOptions): Promise<void> {
  const { what, rotate, clock, logger, random, signal } = options;
  const delay = createRetryDelay({ ...retry, random });
  let current = options.current;
  while (!signal.aborted) {
    try {
      await sleepUntil(rotationDeadline(current, random), clock, signal);
      current = await rotate(signal);
      delay.reset();
      logger.info({ until: current.notAfter.toISOString() }, `rotated the ${what}`);
    } catch (error) {
      if (signal.aborted) return;
      const until = current.notAfter.toISOString();
      logger.warn({ error: (error as Error).message, until }, `rotating the ${what} failed, trying again`);
      await clock.sleep(delay.next(), { signal }).catch(() => undefined);
    }
  }
}

/** A moment between 70 % and 90 % of the certificate's life, as kubelets choose it. */
export function rotationDeadline({ notBefore, notAfter }: Validity, random: () => number): Date {
  const lifetimeMs = notAfter.getTime() - notBefore.getTime();
  return new Date(notBefore.getTime() + lifetimeMs * (0.7 + 0.2 * random()));
}

async function sleepUntil(deadline: Date, clock: Clock, signal: AbortSignal): Promise<void> {
  for (;;) {
    const restMs = deadline.getTime() - clock.now().getTime();
    if (restMs <= 0) return;
    await clock.sleep(Math.min(restMs, longestSleepMs), { signal });
  }
}
