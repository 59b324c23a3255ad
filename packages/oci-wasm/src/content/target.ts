import type { Reference } from '../reference.ts';
import type { Descriptor } from './descriptor.ts';

export interface AbortOptions {
  /** Ends the call early; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface ContentReader {
  /**
   * The bytes, verified while they pass: the iteration throws {@link OciError} `DIGEST_MISMATCH`, `SIZE_MISMATCH`
   * or `TRUNCATED` at the latest at its end, so nothing may be used before it has ended well.
   */
  read(descriptor: Descriptor, options?: AbortOptions): AsyncIterable<Uint8Array>;
}

export interface ContentWriter {
  /** Whether the content is there, whole. */
  has(descriptor: Descriptor, options?: AbortOptions): Promise<boolean>;
  /** Stores content unless it is there already; all of it or nothing. `open` may be called again for a retry. */
  write(descriptor: Descriptor, open: () => AsyncIterable<Uint8Array>, options?: AbortOptions): Promise<void>;
}

export interface TagResolver {
  /** What a reference names now. Rejects with {@link OciError} `MANIFEST_UNKNOWN`, `NAME_UNKNOWN`, `NOT_FOUND_LOCALLY`. */
  resolve(reference: Reference, options?: AbortOptions): Promise<Descriptor>;
}

export interface Tagger {
  /** Makes a manifest that has been written what a reference names: the last step of every copy. */
  tag(manifest: Manifest, reference: Reference, options?: AbortOptions): Promise<void>;
}

/** A manifest or index with its bytes, which are what its digest is of. */
export interface Manifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Where artifacts can be copied from. */
export interface Source extends ContentReader, TagResolver {}

/** Where artifacts can be copied to. A repository of a registry and a store on disk are both. */
export interface Target extends Source, ContentWriter, Tagger {}
