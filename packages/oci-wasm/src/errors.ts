/** Why an operation on a registry, a store or an artifact failed. */
export type OciErrorCode =
  /** The text is no reference. */
  | 'INVALID_REFERENCE'
  /** 401: the registry wants (other) credentials. */
  | 'UNAUTHORIZED'
  /** 403: the credentials are known and not enough. */
  | 'DENIED'
  /** The registry has no such repository. */
  | 'NAME_UNKNOWN'
  /** The repository has no such tag or digest. */
  | 'MANIFEST_UNKNOWN'
  /** The manifest names content that the registry does not have. */
  | 'BLOB_UNKNOWN'
  /** Content is not what its digest says. */
  | 'DIGEST_MISMATCH'
  /** Content is longer than its descriptor says. */
  | 'SIZE_MISMATCH'
  /** Content ends before what its descriptor says. */
  | 'TRUNCATED'
  /** The registry did not answer, or stopped sending, within the time limits. */
  | 'TIMEOUT'
  /** The registry cannot be reached, or answers 5xx. */
  | 'UNAVAILABLE'
  /** 429: rate limit. */
  | 'TOO_MANY_REQUESTS'
  /** The registry refused a request for a reason of its own, or answered what no registry may. */
  | 'INVALID_RESPONSE'
  /** A redirect or token server that a registry may not send its clients to. */
  | 'UNSAFE_URL'
  /** The registry, store or source cannot do what was asked of it. */
  | 'UNSUPPORTED'
  /** Content above the size that is read. */
  | 'TOO_LARGE'
  /** It is there, and it is nothing that this package knows how to run. */
  | 'UNSUPPORTED_ARTIFACT'
  /** A file system layer of an image is no archive, a damaged one, or one that leads out of its root. */
  | 'INVALID_LAYER'
  /** A signature policy demands a signature, and there is none. */
  | 'SIGNATURE_MISSING'
  /** There are signatures, and none of them is one that the signature policy takes. */
  | 'SIGNATURE_INVALID'
  /** The signature policy refuses it whatever its signatures. */
  | 'SIGNATURE_DENIED'
  /** Bytes to be pushed are no WebAssembly. */
  | 'NOT_WASM'
  /** The store does not have it. */
  | 'NOT_FOUND_LOCALLY'
  /** The store's files cannot be read or written (a full disk, rights, a foreign layout). */
  | 'STORE_FAILED'
  /** A configuration file (docker's, hosts.toml, a signature policy) or a pull secret cannot be read or written. */
  | 'INVALID_CONFIG'
  /** A `docker-credential-…` program failed. */
  | 'CREDENTIAL_HELPER'
  /** The client has been closed. */
  | 'CLOSED';

/** What an {@link OciError} is about, as far as that is known. */
export interface OciErrorDetails {
  /** The artifact that was asked for. */
  readonly reference?: string;
  /** Registry or other server that was spoken to, with its port where it has one. */
  readonly host?: string;
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  readonly cause?: unknown;
}

/** The one error of this package, besides an abort's reason. Its message never holds a password or token. */
export class OciError extends Error {
  override readonly name = 'OciError';
  readonly code: OciErrorCode;
  readonly reference?: string;
  readonly host?: string;
  readonly status?: number;
  constructor(code: OciErrorCode, message: string, details: OciErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    if (details.reference !== undefined) this.reference = details.reference;
    if (details.host !== undefined) this.host = details.host;
    if (details.status !== undefined) this.status = details.status;
  }
}
