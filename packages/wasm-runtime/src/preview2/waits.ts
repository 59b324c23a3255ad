import type { GuestView } from '../component/host-interface.ts';
import { RuntimeError } from '../errors.ts';
import { firstReady, type Ready } from '../system/readiness.ts';

/** Acts again and again, each time that `ready` resolves, until it is done. For what was not done at the first time. */
export async function untilDone(
  guest: GuestView,
  closing: AbortSignal,
  ready: Ready,
  act: () => boolean,
): Promise<void> {
  if (guest.waiting === 'sync') throw cannotSuspend();
  for (;;) {
    await firstReady([ready], Number.POSITIVE_INFINITY, closing);
    if (act()) return;
    // Woken for nothing: what is waited for may need the event loop.
    await firstReady([], 0, closing);
  }
}

/**
 * Acts after one turn of the event loop, where the guest can wait for it: one that asks in a loop whether something is
 * there would never see it else.
 */
export function afterTurn(guest: GuestView, closing: AbortSignal, act: () => void): void | Promise<void> {
  if (guest.waiting === 'sync') return act();
  return firstReady([], 0, closing).then(act);
}

export function cannotSuspend(): RuntimeError {
  return new RuntimeError(
    'INVALID_SPEC',
    "the guest waits for something else than time, which needs waiting: 'suspend'",
  );
}
