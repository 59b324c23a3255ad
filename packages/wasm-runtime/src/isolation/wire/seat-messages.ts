import type { PlaceEnd } from '../guest-place.ts';

/** What the daemon tells a guest host of a seat, besides what it tells the guest there. */
export type SeatOrder =
  /** Starts its thread. */
  | { readonly tag: 'open'; readonly rehearse: boolean }
  /** Which module its guest needs, by a key that is the same for the same bytes and passes. */
  | { readonly tag: 'module'; readonly key: string; readonly bytes: number }
  | { readonly tag: 'kill' };

/** A seat's last word. */
export interface SeatGone extends PlaceEnd {
  readonly tag: 'gone';
}

/** The daemon is trusted by its guest hosts: anything else is a fault of this package and a `TypeError`. */
export function parseSeatOrder(json: unknown): SeatOrder {
  const { tag } = json as SeatOrder;
  if (tag === 'open' || tag === 'module' || tag === 'kill') return json as SeatOrder;
  throw new TypeError('an unknown order');
}

const maxHowLength = 1000;

/** How a seat's guest went. The guest host is not believed unchecked: a `TypeError` for anything else. */
export function parseSeatGone(json: unknown): PlaceEnd {
  const { tag, how, heapFull } = (json ?? {}) as Readonly<Record<string, unknown>>;
  if (tag !== 'gone' || typeof how !== 'string') throw new TypeError('no end of a seat');
  return { how: how.slice(0, maxHowLength).replace(/\p{Cc}/gu, '?'), heapFull: heapFull === true };
}
