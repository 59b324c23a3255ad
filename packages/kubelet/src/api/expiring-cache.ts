import { createHash } from 'node:crypto';
import type { Clock } from '../node/clock.ts';

export interface ExpiringCacheOptions<T> {
  /** The least recently used goes when there are more. */
  readonly maxEntries: number;
  /** How long a value is good, in milliseconds from its arrival. */
  readonly lifetimeMs: (value: T) => number;
  readonly clock: Clock;
}

/** Remembers answers for a while. Keys are kept as digests, so that their size and content do not matter. */
export interface ExpiringCache<T> {
  /** The known value, or that of `load`, which runs once for all who ask meanwhile. Failures are not kept. */
  get(key: string, load: () => Promise<T>): Promise<T>;
}

export function createExpiringCache<T>(options: ExpiringCacheOptions<T>): ExpiringCache<T> {
  const { maxEntries, lifetimeMs, clock } = options;
  const known = new Map<string, { readonly value: T; readonly goodUntilMs: number }>();
  const underWay = new Map<string, Promise<T>>();

  return {
    async get(key, load) {
      const digest = createHash('sha256').update(key).digest('base64');
      const entry = known.get(digest);
      if (entry !== undefined) {
        known.delete(digest);
        if (nowMs() < entry.goodUntilMs) {
          known.set(digest, entry);
          return entry.value;
        }
      }
      const joined = underWay.get(digest);
      if (joined !== undefined) return joined;
      const loading = loadInto(digest, load).finally(() => underWay.delete(digest));
      underWay.set(digest, loading);
      return loading;
    },
  };

  async function loadInto(digest: string, load: () => Promise<T>): Promise<T> {
    const value = await load();
    known.set(digest, { value, goodUntilMs: nowMs() + lifetimeMs(value) });
    if (known.size > maxEntries) known.delete(known.keys().next().value!);
    return value;
  }

  function nowMs(): number {
    return clock.now().getTime();
  }
}
