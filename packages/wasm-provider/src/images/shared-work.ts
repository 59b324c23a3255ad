/** Work that several callers want at the same time is done once; it is ended when all of them have left. */
export interface SharedWork<T> {
  run(key: string, start: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T>;
}

interface Work<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

export function createSharedWork<T>(): SharedWork<T> {
  const running = new Map<string, Work<T>>();

  const begin = (key: string, start: (signal: AbortSignal) => Promise<T>): Work<T> => {
    const controller = new AbortController();
    const work: Work<T> = { controller, waiting: 0, result: start(controller.signal) };
    running.set(key, work);
    const forget = (): void => {
      if (running.get(key) === work) running.delete(key);
    };
    work.result.then(forget, forget);
    return work;
  };

  return {
    run(key, start, signal) {
      signal?.throwIfAborted();
      const work = running.get(key) ?? begin(key, start);
      work.waiting += 1;
      return new Promise<T>((resolve, reject) => {
        const onAbort = (): void => {
          work.waiting -= 1;
          // Nobody joins what is being ended.
          if (work.waiting === 0) {
            running.delete(key);
            work.controller.abort(signal?.reason);
          }
          reject(signal?.reason as Error);
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        void work.result.then(resolve, reject).finally(() => signal?.removeEventListener('abort', onAbort));
      });
    },
  };
}
