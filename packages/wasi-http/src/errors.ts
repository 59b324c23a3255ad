/** Why a policy for a guest's HTTP cannot be made. */
export type HttpPolicyErrorCode =
  /** An entry of the allow-list is no URL with a host that could be contacted. */
  | 'INVALID_DOMAIN'
  /** `insecure:allow-all`, which opened everything to Krustlet's guests, is not understood here. */
  | 'ALLOW_ALL'
  /** A number of responses, or of bytes, is no count. */
  | 'INVALID_LIMIT'
  /** A timeout is no number of milliseconds. */
  | 'INVALID_TIMEOUT';

/** The message names the entry and the remedy. */
export class HttpPolicyError extends Error {
  override readonly name = 'HttpPolicyError';
  readonly code: HttpPolicyErrorCode;
  constructor(code: HttpPolicyErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Why a component cannot serve HTTP. */
export type HandlerErrorCode =
  /** It does not export `wasi:http/incoming-handler`. */
  | 'NO_HANDLER'
  /** A limit or a time is no number that it could be. */
  | 'INVALID_OPTION';

/** The message says what is missing. */
export class HandlerError extends Error {
  override readonly name = 'HandlerError';
  readonly code: HandlerErrorCode;
  constructor(code: HandlerErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
