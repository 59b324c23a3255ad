import process from 'node:process';
import { createPlaceInbox, type GuestPlace, type PlaceEnd } from '../guest-place.ts';
import { startTimeout } from '../timeout.ts';
import { killTimeoutMs, startGuestWorker } from './guest-worker.ts';
import type { ModuleShelf } from './module-shelf.ts';

export interface InProcessOptions {
  readonly hostModules: readonly string[];
  readonly shelf: ModuleShelf;
}

/** Starts a thread for one guest in the application's own process. */
export function startInProcessPlace(
  { hostModules, shelf }: InProcessOptions,
  { waits }: { waits: boolean },
): GuestPlace {
  const inbox = createPlaceInbox();
  const worker = startGuestWorker({
    hostModules,
    rehearse: waits,
    shelf,
    onFrame: (frame) => inbox.take(frame),
  });
  const { promise: gone, resolve: onGone } = Promise.withResolvers<PlaceEnd>();
  void worker.gone.then(onGone);
  void gone.then((end) => inbox.close(end));
  let stopTimeout: (() => void) | undefined;
  void worker.gone.then(() => stopTimeout?.());
  return {
    wire: worker.wire,
    pid: process.pid,
    requestModule: (key, bytes) => worker.requestModule(key, bytes),
    ready: inbox.ready,
    gone,
    listen: (listener) => inbox.listen(listener),
    kill() {
      worker.kill();
      // Nothing stronger is at hand, but nobody is to wait for it.
      stopTimeout ??= startTimeout(killTimeoutMs, () =>
        onGone({ how: 'its thread does not end', heapFull: false }),
      );
    },
  };
}
