import type { GuestView } from '../component/host-interface.ts';
import { answeringNetwork, networkErrorOf } from './network-error.ts';
import { afterTurn } from './waits.ts';

/**
 * As {@link answeringNetwork}; what would block is tried once more after a turn of the event loop, before the guest is told
 * so.
 */
export function answeringOnceMore(
  guest: GuestView,
  closing: AbortSignal,
  { result, payloadAt }: { readonly result: number; readonly payloadAt: number },
  act: () => void,
): void | Promise<void> {
  let again = false;
  answeringNetwork(guest, result, payloadAt, () => {
    try {
      act();
    } catch (error) {
      again = networkErrorOf(error) === 'would-block';
      throw error;
    }
  });
  if (!again) return undefined;
  return afterTurn(guest, closing, () => answeringNetwork(guest, result, payloadAt, act));
}
