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
  /** Gets the next certificate and keeps it. */
  readonly renew: (signal: AbortSignal) => Promise<Validity>;
  /** Gives the latest certificate to those who use it. */
  readonly handOver: () => void | Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/** A timer holds 24 days at most, and a machine that slept should notice soon. */
const longestSleepMs = 60 * 60_000;
const retry = { initialMs: 60_000, maxMs: 30 * 60_000 };

/**
 * Replaces a certificate before it ends, again and again, until `signal` aborts. What fails is tried again: a
 * certificate that is there but could not be handed over is not asked for twice. Never rejects.
 */
export async function keepRotating(options: RotationOptions): Promise<void> {
  const { what, current, renew, handOver, clock, logger, random, signal } = options;
  const delay = createRetryDelay({ ...retry, random });
  let deadline = rotationDeadline(current, random);
  let until = current.notAfter.toISOString();
  let isHandedOver = true;
  while (!signal.aborted) {
    try {
      if (isHandedOver || deadline <= clock.now()) {
        await sleepUntil(deadline, clock, signal);
        const next = await renew(signal);
        // One that is issued out of date is no reason to ask without a pause.
        const soonest = clock.now().getTime() + retry.initialMs;
        deadline = new Date(Math.max(rotationDeadline(next, random).getTime(), soonest));
        until = next.notAfter.toISOString();
        isHandedOver = false;
      }
      await handOver();
      isHandedOver = true;
      delay.reset();
      logger.info({ until }, `rotated the ${what}`);
    } catch (error) {
      if (signal.aborted) return;
      const failed = isHandedOver ? `rotating the ${what}` : `putting the new ${what} to use`;
      logger.warn({ error: (error as Error).message, until }, `${failed} failed, trying again`);
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
