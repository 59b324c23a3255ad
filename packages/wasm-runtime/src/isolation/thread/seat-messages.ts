import type { PlaceEnd } from '../guest-place.ts';

/** What the daemon tells a guest host of a seat, besides what it tells the guest there. */
export type SeatOrder = { readonly tag: 'open'; readonly rehearse: boolean } | { readonly tag: 'kill' };

/** A seat's last word. */
export interface SeatGone extends PlaceEnd {
  readonly tag: 'gone';
}

export function isSeatOrder(json: unknown): json is SeatOrder {
  const tag = tagOf(json);
  return tag === 'open' || tag === 'kill';
}

const maxHowLength = 1000;

/** How a seat's guest went, or `undefined` for another message. The guest host is not believed unchecked. */
export function parseSeatGone(json: unknown): PlaceEnd | undefined {
  if (tagOf(json) !== 'gone') return undefined;
  const { how, heapFull } = json as Readonly<Record<string, unknown>>;
  if (typeof how !== 'string') throw new TypeError('no text');
  return { how: how.slice(0, maxHowLength).replace(/\p{Cc}/gu, '?'), heapFull: heapFull === true };
}

function tagOf(json: unknown): unknown {
  return typeof json === 'object' && json !== null ? (json as { readonly tag?: unknown }).tag : undefined;
}
