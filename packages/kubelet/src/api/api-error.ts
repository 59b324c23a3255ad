export type ApiErrorCode =
  /** Something else listens on the port. */
  | 'PORT_IN_USE'
  /** The machine has no such address, or the port needs rights. */
  | 'CANNOT_LISTEN'
  /** Key, certificate or client CA cannot be read. */
  | 'INVALID_TLS';

/** One of the kubelet's listeners cannot work. The message names the place and the remedy. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  constructor(code: ApiErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
