import type { AbortOptions, ImagePull, Provider, PulledImage } from '../provider.ts';

/** Passes pulls of the whole node on to the provider, so many at a time. */
export interface ImagePuller {
  /** Waits for its turn, then pulls. */
  pull(image: ImagePull, options?: AbortOptions): Promise<PulledImage>;
}

export interface ImagePullerOptions {
  /** Pulls that go on side by side; images that are present take a turn as well. @default 16 */
  readonly maxParallel?: number;
}

export function createImagePuller(
  provider: Pick<Provider, 'pullImage'>,
  options: ImagePullerOptions = {},
): ImagePuller {
  const turns = createTurns(options.maxParallel ?? 16);
  return {
    async pull(image, { signal } = {}) {
      await turns.take(signal);
      try {
        return await provider.pullImage(image, signal === undefined ? {} : { signal });
      } finally {
        turns.give();
      }
    },
  };
}

function createTurns(count: number) {
  let free = count;
  const queue = new Set<() => void>();
  return {
    take(signal: AbortSignal | undefined): Promise<void> {
      signal?.throwIfAborted();
      if (free > 0) {
        free--;
        return Promise.resolve();
      }
      return new Promise((resolve, reject) => {
        const onTurn = (): void => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        };
        const onAbort = (): void => {
          queue.delete(onTurn);
          reject(signal?.reason as Error);
        };
        queue.add(onTurn);
        signal?.addEventListener('abort', onAbort, { once: true });
      });
    },
    give(): void {
      const [next] = queue;
      if (next === undefined) {
        free++;
        return;
      }
      queue.delete(next);
      next();
    },
  };
}
