import type { HostBackoff } from './host-backoff.ts';

/** What one try came to. */
export type Outcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  /** Worth another try; `giveUp` says what it comes to when there is none. */
  | {
      readonly kind: 'again';
      /** Who failed. */
      readonly host: string;
      /** The pause that it asks for. */
      readonly afterMs: number | undefined;
      /** Frees what the try holds. */
      readonly drop?: () => Promise<void>;
      readonly giveUp: () => T;
    };

export interface Retrying {
  readonly tries: number;
  readonly backoff: HostBackoff;
  readonly now: () => number;
  /** Longest pause that is waited for. */
  readonly maxPauseMs: number;
  /** By `now`. */
  readonly endsAt: number;
  readonly signal: AbortSignal | undefined;
}

/** Tries until it is done, the tries are used up, or the next one would be too far away or after the deadline. */
export async function retrying<T>(
  { tries, backoff, now, maxPauseMs, endsAt, signal }: Retrying,
  attempt: () => Promise<Outcome<T>>,
): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    const outcome = await attempt();
    if (outcome.kind === 'done') return outcome.value;
    const { host, afterMs, drop, giveUp } = outcome;
    const pauseMs = backoff.failed(host, { tried, afterMs });
    if (tried >= tries || pauseMs > maxPauseMs || now() + pauseMs > endsAt) return giveUp();
    await drop?.();
    await backoff.ready(host, { endsAt, signal });
  }
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
