import type { Descriptor } from '../content/descriptor.ts';
import { isManifestType } from '../content/media-types.ts';
import { referrerOf } from '../content/referrer.ts';
import type { Deleter, Lister, ReferrersLister, Resumer, Target } from '../content/target.ts';
import { collect, verified } from '../content/verified.ts';
import { OciError } from '../errors.ts';
import { formatReference } from '../reference.ts';

/** Options of {@link createMemoryStore}. */
export interface MemoryStoreOptions {
  /** Of content; more is refused. @default 256 MiB */
  readonly maxBytes?: number;
  /** Blobs, manifests and names, each of them. @default 100_000 */
  readonly maxEntries?: number;
}

/** A target for tests and for what is put together before it is pushed. */
export interface MemoryStore extends Target, Resumer, Deleter, ReferrersLister, Lister {
  /** Of the content that is kept. */
  readonly sizeBytes: number;
}

/** Content in memory, bounded: what does not fit is refused with {@link OciError} `TOO_LARGE`. */
export function createMemoryStore({
  maxBytes = 256 * 1024 * 1024,
  maxEntries = 100_000,
}: MemoryStoreOptions = {}): MemoryStore {
  const contents = new Map<string, Uint8Array>();
  const names = new Map<string, Descriptor>();
  /** What refers to a digest, by its own digest. */
  const referrers = new Map<string, Map<string, Descriptor>>();
  // With what is about to be kept.
  let takenBytes = 0;
  let sizeBytes = 0;

  const place = { name: 'memory store', remedy: 'copy it again' };

  const noteSubject = (descriptor: Descriptor, bytes: Uint8Array): void => {
    const referrer = referrerOf({ descriptor, bytes }, descriptor.digest);
    if (referrer === undefined) return;
    const list = referrers.get(referrer.subject) ?? new Map<string, Descriptor>();
    referrers.set(referrer.subject, list.set(descriptor.digest, referrer.entry));
  };

  async function* readFrom(
    offset: number,
    digest: string,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const bytes = contents.get(digest);
    if (bytes === undefined) throw absent(digest);
    signal?.throwIfAborted();
    yield bytes.subarray(offset);
  }

  return {
    get sizeBytes() {
      return sizeBytes;
    },
    async resolve(reference, { signal } = {}) {
      signal?.throwIfAborted();
      const found = names.get(formatReference(reference));
      if (found === undefined) throw absent(formatReference(reference));
      return found;
    },
    read: ({ digest }, { signal } = {}) => readFrom(0, digest, signal),
    resume: (descriptor, beginning, { signal } = {}) =>
      verified(descriptor, readFrom(beginning.length, descriptor.digest, signal), place, beginning),
    async has({ digest }) {
      return contents.has(digest);
    },
    async write(descriptor, open, { signal } = {}) {
      const { digest, size, mediaType } = descriptor;
      if (contents.has(digest)) return;
      if (takenBytes + size > maxBytes || contents.size >= maxEntries) throw full(digest);
      takenBytes += size;
      let isKept = false;
      try {
        const source = abortedWith(verified(descriptor, open(), place), signal);
        const bytes = await collect(source, size, () => full(digest));
        if (isManifestType(mediaType)) noteSubject(descriptor, bytes);
        isKept = !contents.has(digest);
        contents.set(digest, bytes);
        if (isKept) sizeBytes += size;
      } finally {
        if (!isKept) takenBytes -= size;
      }
    },
    async tag({ descriptor }, reference) {
      const name = formatReference(reference);
      if (!contents.has(descriptor.digest)) throw absent(descriptor.digest);
      if (!names.has(name) && names.size >= maxEntries) throw full(name);
      names.set(name, descriptor);
    },
    async delete({ digest }) {
      const bytes = contents.get(digest);
      if (bytes === undefined) throw absent(digest);
      contents.delete(digest);
      takenBytes -= bytes.length;
      sizeBytes -= bytes.length;
      for (const [name, named] of names) if (named.digest === digest) names.delete(name);
      for (const [subject, list] of referrers)
        if (list.delete(digest) && list.size === 0) referrers.delete(subject);
    },
    async *referrers({ digest }, { artifactType, signal } = {}) {
      for (const entry of referrers.get(digest)?.values() ?? []) {
        signal?.throwIfAborted();
        if (artifactType === undefined || entry.artifactType === artifactType) yield entry;
      }
    },
    async *list({ signal } = {}) {
      for (const name of names.keys()) {
        signal?.throwIfAborted();
        yield name;
      }
    },
  };
}

async function* abortedWith(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of source) {
    signal?.throwIfAborted();
    yield chunk;
  }
}

function absent(what: string): OciError {
  return new OciError('NOT_FOUND_LOCALLY', `${what} is not in the memory store; copy it there first`);
}

function full(what: string): OciError {
  const remedy = 'give it a larger maxBytes or maxEntries';
  return new OciError('TOO_LARGE', `${what} does not fit into the memory store; ${remedy}`);
}
