/**
 * Time as the kubelet sees it. Injected everywhere, so that back-off, leases and rotation can be tested in
 * virtual time (`@wasmlet/kubelet/testing` has a `virtualClock`).
 */
export interface Clock {
  now(): Date;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts. Leaves no timer behind. */
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
}

/** 24.8 days; a longer timer would go off at once. */
const longestTimerMs = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  sleep(ms, { signal } = {}) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      let timer: ReturnType<typeof setTimeout>;
      const arm = (restMs: number): void => {
        const nextMs = Math.min(restMs, longestTimerMs);
        timer = setTimeout(() => {
          if (restMs > nextMs) {
            arm(restMs - nextMs);
            return;
          }
          signal?.removeEventListener('abort', onAbort);
          resolve();
        }, nextMs);
      };
      arm(ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  },
};
