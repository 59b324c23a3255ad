import type { Clock } from '../node/clock.ts';

/** Work that is repeated whenever something has changed or its time has come. */
export interface LiveUpdate extends AsyncDisposable {
  /** Asks for another round. Rounds never overlap; several calls during one ask for one more. */
  readonly changed: () => void;
}

export interface LiveUpdateOptions {
  /** One round; tells when the next one is due whatever happens. */
  readonly update: (options: { readonly signal: AbortSignal }) => Promise<Date | undefined>;
  /** When the first round is due; `undefined`: when something has changed. */
  readonly due: Date | undefined;
  /** Told of a round that failed; it is repeated after a minute. */
  readonly onFailure: (error: unknown) => void;
  readonly clock: Clock;
}

/** Starts waiting at once; disposing lets a round in progress end early. */
export function startLiveUpdate(options: LiveUpdateOptions): LiveUpdate {
  const { update, onFailure, clock } = options;
  const controller = new AbortController();
  const { signal } = controller;
  let dirty = false;
  let notify: (() => void) | undefined;

  const untilNeeded = async (due: Date | undefined): Promise<void> => {
    if (dirty) return;
    const wake = new AbortController();
    notify = () => wake.abort();
    try {
      const wait = due === undefined ? Infinity : Math.max(0, due.getTime() - clock.now().getTime());
      await sleepUntilAborted(clock, wait, AbortSignal.any([signal, wake.signal]));
    } finally {
      notify = undefined;
    }
  };

  const run = async (): Promise<void> => {
    let { due } = options;
    for (;;) {
      await untilNeeded(due);
      if (signal.aborted) return;
      dirty = false;
      try {
        due = await update({ signal });
      } catch (error) {
        if (signal.aborted) return;
        onFailure(error);
        due = new Date(clock.now().getTime() + retryMs);
      }
    }
  };
  const running = run();

  return {
    changed() {
      dirty = true;
      notify?.();
    },
    async [Symbol.asyncDispose]() {
      controller.abort();
      await running;
    },
  };
}

const retryMs = 60_000;

async function sleepUntilAborted(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (ms !== Infinity) {
    await clock.sleep(ms, { signal }).catch(() => undefined);
    return;
  }
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
