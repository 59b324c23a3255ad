import { statfs } from 'node:fs/promises';
import type { CollectedGarbage, LayoutStore } from '@wasmlet/oci-wasm';
import type { ProviderLogger } from '../provider-logger.ts';

/** The kubelet's image garbage collection, with its defaults. */
export interface ImageCollectionOptions {
  /** Images that no pod uses go when more of the disk is in use (imageGCHighThresholdPercent). @default 85 */
  readonly highPercent?: number;
  /** They go, least recently used first, until no more of it is in use (imageGCLowThresholdPercent). @default 80 */
  readonly lowPercent?: number;
  /** One that was used more recently stays (imageMinimumGCAge). @default 120,000 */
  readonly minimumAgeMs?: number;
  /** @default 300,000 */
  readonly intervalMs?: number;
  /** @default what the file system says of itself */
  readonly diskUsage?: (directory: string) => Promise<DiskUsage>;
  /** Told of what has gone, and that a collection that failed has ended. */
  readonly onCollected?: (collected: CollectedGarbage | undefined) => void;
}

export interface DiskUsage {
  readonly capacityBytes: number;
  /** All but what this user may write to. */
  readonly usedBytes: number;
}

export interface ImageCollectorParts extends ImageCollectionOptions {
  readonly directory: string;
  readonly store: () => Promise<LayoutStore>;
  readonly logger: ProviderLogger;
  /** Whether what is in the store about an image, its signatures, stays as long as the image. */
  readonly keepReferrers: boolean;
}

/** Looks at the disk at intervals. Disposing of it ends a collection that is under way, and waits for that. */
export function startImageCollector(parts: ImageCollectorParts): AsyncDisposable {
  const { intervalMs = 300_000, onCollected = () => {}, logger, directory } = parts;
  const ending = new AbortController();
  let collecting: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    try {
      onCollected(await collect(parts, ending.signal));
    } catch (error) {
      if (ending.signal.aborted) return;
      logger.warn({ directory, err: error }, 'images could not be collected');
      onCollected(undefined);
    }
  };
  const timer = setInterval(() => {
    collecting ??= run().finally(() => {
      collecting = undefined;
    });
  }, intervalMs);
  // It is no reason to keep a program running.
  timer.unref();

  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      ending.abort(new Error('the provider was closed'));
      await collecting;
    },
  };
}

/** Resolves with what has gone: nothing while there is room. */
async function collect(
  { directory, store, logger, keepReferrers, ...options }: ImageCollectorParts,
  signal: AbortSignal,
): Promise<CollectedGarbage | undefined> {
  const { highPercent = 85, lowPercent = 80, minimumAgeMs = 120_000, diskUsage = usageOf } = options;
  const { capacityBytes, usedBytes } = await diskUsage(directory);
  if (usedBytes <= (capacityBytes * highPercent) / 100) return undefined;
  const freeBytes = Math.ceil(usedBytes - (capacityBytes * lowPercent) / 100);
  const opened = await store();
  const collected = await opened.collectGarbage({
    freeBytes,
    minimumAgeMs,
    dropNames: true,
    keepReferrers,
    signal,
  });
  if (collected.bytesRemoved < freeBytes) {
    logger.warn(
      { directory, freeBytes, bytesRemoved: collected.bytesRemoved },
      'the disk is fuller than it should be, and no more images can go: the rest is in use, young, or not of images',
    );
  }
  return collected;
}

async function usageOf(directory: string): Promise<DiskUsage> {
  try {
    const { bsize, blocks, bavail } = await statfs(directory);
    return { capacityBytes: bsize * blocks, usedBytes: bsize * (blocks - bavail) };
  } catch (error) {
    // Nothing has been pulled yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { capacityBytes: 0, usedBytes: 0 };
    throw error;
  }
}
