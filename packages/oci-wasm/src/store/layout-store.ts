import { readFile } from 'node:fs/promises';
import { join, resolve as absolute } from 'node:path';
import type { Descriptor } from '../content/descriptor.ts';
import type { AbortOptions, Deleter, Lister, ReferrersLister, Resumer, Target } from '../content/target.ts';
import { markVerified } from '../content/verified.ts';
import { OciError, type OciErrorDetails } from '../errors.ts';
import { formatReference, type Reference } from '../reference.ts';
import { createBlobFiles } from './blob-files.ts';
import {
  type CollectedGarbage,
  type CollectOptions,
  collectGarbage,
  resumeCollection,
} from './collect-garbage.ts';
import { deleteContent } from './delete-content.ts';
import { createIndexFile } from './index-file.ts';
import { type Lease, openLease } from './lease.ts';
import { sweepLeftovers } from './leftovers.ts';
import { makeDirectory } from './make-directory.ts';
import { findManifest, findReferrers } from './manifests-here.ts';
import { createPinFiles, type Pin } from './pin-files.ts';
import { replaceFile } from './replace-file.ts';
import { storeError } from './store-error.ts';
import { type StoreFinding, type VerifyOptions, verifyStore } from './verify-store.ts';

/** An OCI image layout on disk (image-spec, image-layout.md) that several processes may use at once. */
export interface LayoutStore extends Target, Resumer, Deleter, Lister, ReferrersLister {
  readonly directory: string;
  /** What a digest names, for manifests that are here, under any name or none. Rejects with `NOT_FOUND_LOCALLY`. */
  resolveDigest(digest: string, options?: AbortOptions): Promise<Descriptor>;
  /** What a name stands for as it is written: layouts of other tools name tags alone. Rejects with `NOT_FOUND_LOCALLY`. */
  resolveName(name: string, options?: AbortOptions): Promise<Descriptor>;
  /**
   * Removes a manifest with every name that it has, and what is about it and has no name of its own. Config and layers
   * go with the next collection. Rejects with `NOT_FOUND_LOCALLY`, and with `UNSUPPORTED` while a pin, a lease, an
   * index or something else here needs it.
   */
  delete(descriptor: Descriptor, options?: AbortOptions): Promise<void>;
  /** Gives up a name; the content goes with the next collection, unless something else needs it. */
  untag(reference: Reference, options?: AbortOptions): Promise<void>;
  /** A view of this store that keeps what it is asked for from being collected, until it is disposed of or its process ends. */
  lease(options?: AbortOptions): Promise<Lease>;
  /**
   * Keeps content, with all that it leads to, until {@link LayoutStore.unpin}: also over restarts. A pin takes the
   * place of any with the same `id`. Rejects with `NOT_FOUND_LOCALLY` when it is not here.
   */
  pin(digest: string, options: PinOptions): Promise<Pin>;
  /** Resolves with false when there is no such pin. */
  unpin(id: string): Promise<boolean>;
  /** All of them, of every process. */
  pins(): Promise<readonly Pin[]>;
  /** Removes content that nothing needs, and names if it is told so. Collections take turns. */
  collectGarbage(options?: CollectOptions): Promise<CollectedGarbage>;
  /** Reads through the whole store and tells what is wrong with it: nothing, for a good one. */
  verify(options?: VerifyOptions): AsyncIterable<StoreFinding>;
}

/** Options of {@link LayoutStore.pin}. */
export interface PinOptions extends AbortOptions {
  /** Whatever tells it from others, such as a pod's uid. */
  readonly id: string;
  /** @default none */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Opens a store, making it when the directory is absent or empty. Content is private to the user that runs this. What
 * processes have left that ended in the middle of a write or a collection is brought to its end.
 *
 * Rejects with {@link OciError} `STORE_FAILED` when it cannot, or when the directory holds another kind of layout.
 */
export async function openLayoutStore(directory: string): Promise<LayoutStore> {
  const root = absolute(directory);
  const index = createIndexFile(root);
  if (await prepare(root)) await index.create();
  const blobs = createBlobFiles(root);
  const pins = createPinFiles(root);
  const files = { root, blobs, index, pins };
  const told = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw storeError(error, root);
    }
  };
  await told(async () => {
    await sweepLeftovers(root);
    await resumeCollection(files);
  });

  const absent = (what: string, details: Pick<OciErrorDetails, 'reference'> = {}): OciError =>
    new OciError('NOT_FOUND_LOCALLY', `${what} is not in the store ${root}; pull it first`, details);

  const store: LayoutStore = {
    directory: root,
    read: (descriptor, { signal } = {}) => markVerified(descriptor, blobs.read(descriptor, signal)),
    resume: (descriptor, beginning, { signal } = {}) =>
      markVerified(descriptor, blobs.read(descriptor, signal, beginning)),
    has: (descriptor, { signal } = {}) => blobs.has(descriptor, signal),
    write: (descriptor, open, options = {}) => blobs.write(descriptor, open, options),

    async resolve(reference, { signal } = {}) {
      const name = formatReference(reference);
      const { digest } = reference;
      const found = await (digest === undefined
        ? index.find(name, signal)
        : findManifest(files, digest, signal));
      if (found === undefined) throw absent(name, { reference: name });
      return found;
    },
    async resolveDigest(digest, { signal } = {}) {
      const found = await findManifest(files, digest, signal);
      if (found === undefined) throw absent(digest);
      return found;
    },
    async resolveName(name, { signal } = {}) {
      const found = await index.find(name, signal);
      if (found === undefined) throw absent(`"${name}"`);
      return found;
    },
    tag: ({ descriptor }, reference, { signal } = {}) =>
      index.set(formatReference(reference), descriptor, signal),
    untag: (reference, { signal } = {}) => {
      const written = formatReference(reference);
      return index.remove(async (list) => list.filter(({ name }) => name === written), signal);
    },

    async *list({ signal } = {}) {
      const names = (await index.list(signal)).flatMap(({ name }) => name ?? []);
      yield* new Set(names);
    },
    referrers: (subject, options = {}) => findReferrers(files, subject, options),

    lease: ({ signal } = {}) => openLease(root, store, signal),
    async pin(digest, { id, metadata = {}, signal }) {
      const pin: Pin = { id, digest, metadata, createdAt: new Date() };
      const before = (await pins.list()).find((other) => other.id === id);
      // Looked for only when it is kept: nothing takes it away between.
      await pins.set(pin);
      try {
        const found = await findManifest(files, digest, signal);
        if (found === undefined || !(await blobs.has(found, signal))) throw absent(digest);
        return pin;
      } catch (error) {
        await (before === undefined ? pins.remove(id) : pins.set(before));
        throw error;
      }
    },
    unpin: (id) => pins.remove(id),
    pins: () => pins.list(),

    collectGarbage: (options = {}) => told(() => collectGarbage(files, options)),
    delete: (descriptor, { signal } = {}) => told(() => deleteContent(files, descriptor, signal)),
    verify: (options = {}) => verifyStore(files, options),
  };
  return store;
}

const layoutVersion = '1.0.0';

/** Resolves with true when the layout is new. */
async function prepare(root: string): Promise<boolean> {
  const marker = join(root, 'oci-layout');
  try {
    await makeDirectory(join(root, 'blobs'));
    const text = await readFile(marker, 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) {
      await replaceFile(marker, `${JSON.stringify({ imageLayoutVersion: layoutVersion })}\n`);
      return true;
    }
    if (versionOf(text) !== layoutVersion) {
      throw new OciError(
        'STORE_FAILED',
        `${root} holds an OCI layout of another version than ${layoutVersion}; give another directory`,
      );
    }
    return false;
  } catch (error) {
    throw storeError(error, root);
  }
}

function versionOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { readonly imageLayoutVersion?: unknown } | null)?.imageLayoutVersion;
  } catch {
    return undefined;
  }
}
