import { createPlaceInbox, type GuestPlace } from './guest-place.ts';
import { type HostProcessOptions, startHostProcess } from './host-process.ts';
import type { DaemonMessage } from './wire/messages.ts';

/**
 * Starts a guest host for one guest.
 *
 * @param waits it will wait in a pool, so it may take its time to get fast
 *
 * Throws {@link RuntimeError} `HOST_FAILED` where no process can be made.
 */
export function startProcessPlace(options: HostProcessOptions, { waits }: { waits: boolean }): GuestPlace {
  const inbox = createPlaceInbox();
  const host = startHostProcess<DaemonMessage>(options, {
    tier: 'process',
    argument: { hostModules: options.hostModules, rehearse: waits },
    onFrame: (frame) => inbox.take(frame),
  });
  void host.gone.then((end) => inbox.close(end));
  return {
    ...host,
    ready: inbox.ready,
    listen: (listener) => inbox.listen(listener),
  };
}
