export type IdentityErrorCode =
  | 'KUBECONFIG_MISSING'
  | 'KUBECONFIG_UNREADABLE'
  | 'KUBECONFIG_MALFORMED'
  /** The kubeconfig is good, but belongs to a person, to another node, or to a bootstrap token. */
  | 'NOT_THIS_NODE'
  /** The node's certificate is out of date and there is nothing to get another one with. */
  | 'CERTIFICATE_EXPIRED'
  /** Certificate or key on disk cannot be read, or do not belong together. */
  | 'CERTIFICATE_UNUSABLE'
  /** The API server does not know the bootstrap token. */
  | 'BOOTSTRAP_REFUSED'
  /** The credentials are known, but may not ask for certificates. */
  | 'REQUEST_FORBIDDEN'
  | 'REQUEST_DENIED'
  | 'REQUEST_FAILED'
  /** Nobody approved the request in time. */
  | 'REQUEST_TIMEOUT';

/** The node could not get or use its identity. The message names the file or object and the remedy. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError';
  readonly code: IdentityErrorCode;
  constructor(code: IdentityErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
