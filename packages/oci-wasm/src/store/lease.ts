import type { AbortOptions, Target } from '../content/target.ts';
import { openLeaseFile } from './lease-files.ts';

/**
 * The store, with everything that is looked for, read or written by way of this kept, with all that it leads to,
 * until this is disposed of. It ends with its process; one of another machine after a day.
 */
export interface Lease extends Target, AsyncDisposable {
  /** Keeps content by its digest, from when this resolves: look whether it is here only after that. */
  hold(digest: string, options?: AbortOptions): Promise<void>;
}

export async function openLease(
  root: string,
  store: Target,
  signal: AbortSignal | undefined,
): Promise<Lease> {
  signal?.throwIfAborted();
  const lease = await openLeaseFile(root);
  return {
    async hold(digest, { signal: ending } = {}) {
      ending?.throwIfAborted();
      await lease.hold(digest);
    },
    async *read(descriptor, options) {
      await lease.hold(descriptor.digest);
      yield* store.read(descriptor, options);
    },
    async has(descriptor, options) {
      await lease.hold(descriptor.digest);
      return store.has(descriptor, options);
    },
    async write(descriptor, open, options) {
      await lease.hold(descriptor.digest);
      await store.write(descriptor, open, options);
    },
    async resolve(reference, options) {
      const found = await store.resolve(reference, options);
      await lease.hold(found.digest);
      return found;
    },
    async tag(manifest, reference, options) {
      await lease.hold(manifest.descriptor.digest);
      // What was held is still here.
      await lease.check();
      await store.tag(manifest, reference, options);
    },
    [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
  };
}
