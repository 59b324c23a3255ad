import type { Hash } from 'node:crypto';
import type { Reference } from '../reference.ts';
import type { Descriptor } from './descriptor.ts';

/** How a call is ended early. */
export interface AbortOptions {
  /** Ends the call early; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Where the bytes of a descriptor can be read. */
export interface ContentReader {
  /**
   * The bytes, verified while they pass: the iteration throws {@link OciError} `DIGEST_MISMATCH`, `SIZE_MISMATCH`
   * or `TRUNCATED` at the latest at its end, so nothing may be used before it has ended well.
   */
  read(descriptor: Descriptor, options?: AbortOptions): AsyncIterable<Uint8Array>;
}

/** Where content can be written to. */
export interface ContentWriter {
  /** Whether the content is there, whole. */
  has(descriptor: Descriptor, options?: AbortOptions): Promise<boolean>;
  /** Stores content unless it is there already; all of it or nothing. `open` may be called again for a retry. */
  write(descriptor: Descriptor, open: () => AsyncIterable<Uint8Array>, options?: WriteOptions): Promise<void>;
}

/** Options of {@link ContentWriter.write}. */
export interface WriteOptions extends AbortOptions {
  /**
   * What follows on a beginning, as {@link Resumer.resume} gives it: a writer that has kept one from an earlier
   * transfer may call this in place of `open`, and calls `open` when it turns out to be the beginning of something else.
   *
   * @default content is written from its first byte on
   */
  readonly resume?: (beginning: Beginning) => AsyncIterable<Uint8Array>;
}

/** The first bytes of content, of which an earlier transfer has brought no more. */
export interface Beginning {
  /** In bytes; less than all of it. */
  readonly length: number;
  /** Has taken these bytes in, by the algorithm of the content's digest. Not to be changed: go on with a copy. */
  readonly hash: Hash;
}

/** Where reading can go on from what an earlier transfer has brought. */
export interface Resumer {
  /**
   * The bytes that follow on a beginning, verified together with it, as those of {@link ContentReader.read} are.
   * Throws `DIGEST_MISMATCH` as well when it is the beginning that is wrong.
   */
  resume(descriptor: Descriptor, beginning: Beginning, options?: AbortOptions): AsyncIterable<Uint8Array>;
}

/** Where names stand for content. */
export interface TagResolver {
  /** What a reference names now. Rejects with {@link OciError} `MANIFEST_UNKNOWN`, `NAME_UNKNOWN`, `NOT_FOUND_LOCALLY`. */
  resolve(reference: Reference, options?: AbortOptions): Promise<Descriptor>;
}

/** Where a name can be given to what has been written. */
export interface Tagger {
  /** Makes a manifest that has been written what a reference names: the last step of every copy. */
  tag(manifest: Manifest, reference: Reference, options?: AbortOptions): Promise<void>;
}

/** A manifest or index with its bytes, which are what its digest is of. */
export interface Manifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Whatever can remove content. */
export interface Deleter {
  /**
   * Removes a manifest, with every name that it has, or a blob. Rejects with {@link OciError} `MANIFEST_UNKNOWN`,
   * `BLOB_UNKNOWN`, `NOT_FOUND_LOCALLY`, and `UNSUPPORTED` where the other side does not allow it.
   */
  delete(descriptor: Descriptor, options?: AbortOptions): Promise<void>;
}

/** A repository that can take blobs over from another one of its registry. */
export interface Mounter {
  /**
   * Makes a blob of another repository of the same registry appear here without sending it. Resolves with false when
   * that cannot be: then it is to be written.
   */
  mount(descriptor: Descriptor, from: RepositoryName, options?: AbortOptions): Promise<boolean>;
}

/** Options of {@link ReferrersLister.referrers}. */
export interface ReferrersOptions extends AbortOptions {
  /** Only those of this type. @default all */
  readonly artifactType?: string;
}

/** Whatever can tell what refers to a manifest: signatures, SBOMs. */
export interface ReferrersLister {
  /** The manifests whose `subject` this is (signatures, SBOMs), each with its `artifactType`. None is no failure. */
  referrers(subject: Descriptor, options?: ReferrersOptions): AsyncIterable<Descriptor>;
}

/** Whatever can list the names that it has. */
export interface Lister {
  /** The names that there are, as they come: tags of a repository, whole references in a store. */
  list(options?: AbortOptions): AsyncIterable<string>;
}

/** A repository without a tag or digest. */
export type RepositoryName = Pick<Reference, 'registry' | 'repository'>;

/** A place whose blobs others may mount: a repository. */
export interface Located {
  /** The repository that this is, of which a {@link Mounter} may mount. */
  readonly location: RepositoryName;
}

/** A store that keeps content that has no name yet from being collected. */
export interface Leaser {
  /** A view in which everything that is looked for, read or written stays until it is disposed of. */
  lease(options?: AbortOptions): Promise<Target & AsyncDisposable>;
}

/** Where artifacts can be copied from. */
export interface Source extends ContentReader, TagResolver {}

/** Where artifacts can be copied to. A repository of a registry and a store on disk are both. */
export interface Target extends Source, ContentWriter, Tagger {}

/** What only some of them can do: whether one can is told by whether the method is there. */
export type OptionalPowers = Partial<
  Resumer & Deleter & Mounter & ReferrersLister & Lister & Located & Leaser
>;
