import { setTimeout as delay } from 'node:timers/promises';

export interface RetryPolicy {
  /** Of one request, the first included. @default 3 */
  readonly tries: number;
  /** Before the second try; doubled each time, with jitter. @default 500 */
  readonly baseDelayMs: number;
  /** A registry that asks for a longer pause is not tried again. @default 20_000 */
  readonly maxDelayMs: number;
  readonly wait: (ms: number, options: { readonly signal: AbortSignal | undefined }) => Promise<void>;
  /** 0 to 1. @default Math.random */
  readonly random: () => number;
}

export const defaultRetryPolicy: RetryPolicy = {
  tries: 3,
  baseDelayMs: 500,
  maxDelayMs: 20_000,
  wait: async (ms, { signal }) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  },
  random: Math.random,
};

/** What one try came to. */
export type Outcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  /** Worth another try; `giveUp` says what it comes to when there is none. */
  | {
      readonly kind: 'again';
      /** The pause that the registry asks for. */
      readonly afterMs: number | undefined;
      /** Frees what the try holds. */
      readonly drop?: () => Promise<void>;
      readonly giveUp: () => T;
    };

/** Tries until it is done, the tries are used up, or the registry asks for a longer pause than the policy allows. */
export async function retrying<T>(
  policy: RetryPolicy,
  attempt: () => Promise<Outcome<T>>,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    const outcome = await attempt();
    if (outcome.kind === 'done') return outcome.value;
    const { afterMs, drop, giveUp } = outcome;
    if (tried >= policy.tries || (afterMs ?? 0) > policy.maxDelayMs) return giveUp();
    await drop?.();
    await policy.wait(afterMs ?? jittered(policy, tried), { signal });
    signal?.throwIfAborted();
  }
}

/** Between half and all of the doubled delay, so that clients that failed together do not come back together. */
function jittered({ baseDelayMs, maxDelayMs, random }: RetryPolicy, tried: number): number {
  return Math.min(maxDelayMs, baseDelayMs * 2 ** (tried - 1)) * (0.5 + random() / 2);
}

/** `Retry-After` as seconds or as a date (RFC 9110 §10.2.3), in milliseconds from `now`. */
export function retryAfterMs(value: string | undefined, now: Date): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // Dates alone: Date.parse takes much that is none.
  const at = /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}
