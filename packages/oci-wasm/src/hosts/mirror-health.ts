import type { OciError } from '../errors.ts';

/** One client's memory of mirrors that cannot be reached. */
export interface MirrorHealth {
  isAway(name: string): boolean;
  note(name: string, error: OciError): void;
}

const awayMs = 30_000;
const maxNames = 1_000;

export function createMirrorHealth(): MirrorHealth {
  /** Until when, by `performance.now()`. */
  const away = new Map<string, number>();
  return {
    isAway: (name) => (away.get(name) ?? 0) > performance.now(),
    note(name, { code }) {
      if (code !== 'UNAVAILABLE' && code !== 'TIMEOUT' && code !== 'TOO_MANY_REQUESTS') return;
      if (away.size >= maxNames) away.clear();
      away.set(name, performance.now() + awayMs);
    },
  };
}
