import type { AbortOptions, Target } from '../content/target.ts';
import type { Descriptor } from '../content/descriptor.ts';

/** An OCI image layout on disk that several processes may use. */
export interface LayoutStore extends Target {
  readonly directory: string;
  /** What a digest names, for content that has been tagged under any name. Rejects with `NOT_FOUND_LOCALLY`. */
  resolveDigest(digest: string, options?: AbortOptions): Promise<Descriptor>;
}

/** Opens a store, making it when the directory is absent or empty. */
export function openLayoutStore(_directory: string): Promise<LayoutStore> {
  return Promise.reject(new Error('not implemented'));
}
