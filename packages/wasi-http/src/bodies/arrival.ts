import type { Ready } from '@wasmlet/wasm-runtime/host';

/** Something that happens now and then and that others wait for. */
export interface Arrival {
  announce(): void;
  /** Whether anybody waits. */
  readonly isAwaited: boolean;
  /** Resolves when it happens next; rejects when the signal aborts. */
  readonly next: Ready;
}

export function createArrival(): Arrival {
  const waiting = new Set<() => void>();
  return {
    announce() {
      if (waiting.size === 0) return;
      const all = [...waiting];
      waiting.clear();
      for (const goOn of all) goOn();
    },
    get isAwaited() {
      return waiting.size > 0;
    },
    next: (signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error);
        const goOn = (): void => {
          signal?.removeEventListener('abort', abort);
          resolve();
        };
        const abort = (): void => {
          waiting.delete(goOn);
          reject(signal.reason as Error);
        };
        waiting.add(goOn);
        signal?.addEventListener('abort', abort, { once: true });
      }),
  };
}
