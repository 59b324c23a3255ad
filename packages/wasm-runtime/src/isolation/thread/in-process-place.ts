import process from 'node:process';
import { createPlaceInbox, type GuestPlace } from '../guest-place.ts';
import { startGuestWorker } from './guest-worker.ts';
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
  void worker.gone.then((end) => inbox.close(end));
  return {
    ...worker,
    pid: process.pid,
    keepsModules: true,
    ready: inbox.ready,
    listen: (listener) => inbox.listen(listener),
  };
}
