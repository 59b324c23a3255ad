import process from 'node:process';

export interface Interruption extends Disposable {
  /** Aborts at the first SIGINT or SIGTERM; its reason is an {@link Interrupted}. */
  readonly signal: AbortSignal;
}

export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly signalName: 'SIGINT' | 'SIGTERM';
  constructor(signalName: 'SIGINT' | 'SIGTERM') {
    super(`stopped by ${signalName}`);
    this.signalName = signalName;
  }
}

/** As a shell reports a program that the signal ended. */
export function exitCodeOf({ signalName }: Interrupted): number {
  return signalName === 'SIGINT' ? 130 : 143;
}

/**
 * Turns SIGINT and SIGTERM into an abort until it is disposed. Repeats change nothing: a terminal, npm and
 * a parent may all pass the same Ctrl-C on.
 */
export function untilInterrupted(): Interruption {
  const controller = new AbortController();
  const onInterrupt = (): void => controller.abort(new Interrupted('SIGINT'));
  const onTerminate = (): void => controller.abort(new Interrupted('SIGTERM'));
  process.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      process.off('SIGINT', onInterrupt).off('SIGTERM', onTerminate);
    },
  };
}

/** Resolves when `signal` aborts. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
