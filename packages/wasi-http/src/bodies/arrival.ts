/** Something that happens now and then and that others wait for. */
export class Arrival {
  #waiting: Set<() => void> | undefined;

  announce(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    for (const goOn of waiting) goOn();
  }

  /** Resolves when it happens next; rejects when the signal aborts. */
  next(signal: AbortSignal): Promise<void> {
    this.#waiting ??= new Set();
    const waiting = this.#waiting;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const goOn = (): void => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      const abort = (): void => {
        waiting.delete(goOn);
        reject(signal.reason as Error);
      };
      waiting.add(goOn);
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}
