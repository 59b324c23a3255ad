import { type Backoff, type BackoffOptions, createBackoff } from './backoff.ts';

/** Back-off of failed pulls, per image; one of these per pod, so that it goes when the pod goes. */
export interface ImageBackoff {
  /** Milliseconds to wait at `now` before `image` may be asked for again. */
  remainingMs(image: string, now: Date): number;
  failed(image: string, now: Date): void;
  pulled(image: string): void;
}

export function createImageBackoff(options?: BackoffOptions): ImageBackoff {
  const images = new Map<string, { readonly backoff: Backoff; failedAt: Date }>();
  return {
    remainingMs(image, now) {
      const entry = images.get(image);
      return entry === undefined ? 0 : entry.backoff.remainingMs(entry.failedAt, now);
    },
    failed(image, now) {
      const entry = images.get(image) ?? { backoff: createBackoff(options), failedAt: now };
      entry.backoff.step(now);
      entry.failedAt = now;
      images.set(image, entry);
    },
    pulled: (image) => void images.delete(image),
  };
}
