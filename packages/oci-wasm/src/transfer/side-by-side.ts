export interface SideBySideOptions {
  /** At once, at most; no less than one. */
  readonly concurrency: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Does work on all items, some of them at once. When one fails no other is begun, and those under way are ended
 * through their signal before this rejects.
 */
export async function sideBySide<T>(
  items: readonly T[],
  { concurrency, signal }: SideBySideOptions,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const ending = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      if (ending.aborted) return;
      try {
        await work(item, ending);
      } catch (error) {
        failed.abort(error);
      }
    }
  };
  const workers = Math.min(Math.max(1, concurrency), items.length);
  await Promise.all(Array.from({ length: workers }, worker));
  signal?.throwIfAborted();
  failed.signal.throwIfAborted();
}
