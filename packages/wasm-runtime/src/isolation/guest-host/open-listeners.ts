import type { PassedListener } from '../../preview1/preview1.ts';
import { openListener } from '../../system/listener.ts';
import type { GuestListener } from '../guest-spec.ts';

/** To be called with the daemon's rights: ports below 1024 are not the guest's. Rejects with `CANNOT_LISTEN`. */
export async function openListeners(
  listeners: readonly Required<GuestListener>[],
): Promise<readonly PassedListener[]> {
  const opened: PassedListener[] = [];
  try {
    for (const { host, port, nonblocking } of listeners) {
      opened.push({ listener: await openListener({ host, port }), nonblocking });
    }
    return opened;
  } catch (error) {
    for (const { listener } of opened) listener.close();
    throw error;
  }
}
