import { type Backoff, type BackoffOptions, createBackoff } from './backoff.ts';

/** Why the last pull of an image failed: `ErrImagePull` and the like, and the words for it. */
export interface PullFailure {
  readonly reason: string;
  readonly message: string;
}

/** Back-off of failed pulls, per image; one of these per pod, so that it goes when the pod goes. */
export interface ImageBackoff {
  /** Milliseconds to wait at `now` before `image` may be asked for again. */
  remainingMs(image: string, now: Date): number;
  /** Why it has to wait. */
  failure(image: string): PullFailure | undefined;
  failed(image: string, failure: PullFailure, now: Date): void;
  pulled(image: string): void;
}

export function createImageBackoff(options?: BackoffOptions): ImageBackoff {
  const images = new Map<string, { readonly backoff: Backoff; failure: PullFailure; failedAt: Date }>();
  return {
    remainingMs(image, now) {
      const entry = images.get(image);
      return entry === undefined ? 0 : entry.backoff.remainingMs(entry.failedAt, now);
    },
    failure: (image) => images.get(image)?.failure,
    failed(image, failure, now) {
      const backoff = images.get(image)?.backoff ?? createBackoff(options);
      backoff.step(now);
      images.set(image, { backoff, failure, failedAt: now });
    },
    pulled: (image) => void images.delete(image),
  };
}
