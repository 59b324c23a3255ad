import type { KubeEvent } from '../cluster.ts';

/** What to do with an event: nothing, a new object, or one more count on the object of an earlier one. */
export type Correlation =
  | { readonly kind: 'drop' }
  | { readonly kind: 'count'; readonly key: string; readonly message: string };

/** Keeps repeats and floods of events from the API server, as client-go's correlator does. */
export interface EventCorrelator {
  correlate(event: KubeEvent, now: Date): Correlation;
}

/** More than this many different messages of one kind within the window become one event. */
const similarLimit = 10;
const similarWindowMs = 10 * 60_000;
/** Per object: a burst, then one per five minutes. */
const floodBurst = 25;
const floodRefillMs = 5 * 60_000;
/** Objects and kinds that are remembered; the least recently seen go first. */
const maxRemembered = 4_096;

interface Similar {
  readonly messages: Set<string>;
  lastSeen: number;
}

interface Bucket {
  tokens: number;
  filledAt: number;
}

export function createEventCorrelator(): EventCorrelator {
  const similar = new Map<string, Similar>();
  const buckets = new Map<string, Bucket>();

  function takeToken(key: string, now: number): boolean {
    const bucket = recall(buckets, key, () => ({ tokens: floodBurst, filledAt: now }));
    const refilled = Math.floor((now - bucket.filledAt) / floodRefillMs);
    if (refilled > 0) {
      bucket.tokens = Math.min(floodBurst, bucket.tokens + refilled);
      bucket.filledAt += refilled * floodRefillMs;
    }
    if (bucket.tokens === 0) return false;
    bucket.tokens--;
    return true;
  }

  function isOneOfMany(key: string, message: string, now: number): boolean {
    const record = recall(similar, key, () => ({ messages: new Set<string>(), lastSeen: now }));
    if (now - record.lastSeen > similarWindowMs) record.messages.clear();
    record.lastSeen = now;
    if (record.messages.size < similarLimit) record.messages.add(message);
    return !record.messages.has(message);
  }

  return {
    correlate(event, now) {
      const time = now.getTime();
      const object = objectKey(event);
      const kind = `${object}|${event.type}|${event.reason}`;
      const combined = isOneOfMany(kind, event.message, time);
      if (!takeToken(object, time)) return { kind: 'drop' };
      if (combined) {
        return {
          kind: 'count',
          key: kind,
          message: `(combined from similar events): ${event.message}`,
        };
      }
      const key = `${kind}|${event.regarding.fieldPath ?? ''}|${event.message}`;
      return { kind: 'count', key, message: event.message };
    },
  };
}

/** All containers of a pod count as one, as upstream. */
function objectKey({ regarding }: KubeEvent): string {
  const { apiVersion, kind, namespace = '', name, uid = '' } = regarding;
  return [apiVersion, kind, namespace, name, uid].join('|');
}

/** Reads or makes an entry and moves it to the young end of a bounded map. */
export function recall<T>(map: Map<string, T>, key: string, make: () => T): T {
  const value = map.get(key) ?? make();
  map.delete(key);
  map.set(key, value);
  if (map.size > maxRemembered) {
    const oldest = map.keys().next();
    if (oldest.done !== true) map.delete(oldest.value);
  }
  return value;
}
