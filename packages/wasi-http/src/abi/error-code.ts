/** What functions of `wasi_experimental_http` answer; guests know these numbers. */
export const errorCode = {
  success: 0,
  invalidHandle: 1,
  memoryNotFound: 2,
  memoryAccessError: 3,
  bufferTooSmall: 4,
  headerNotFound: 5,
  utf8Error: 6,
  destinationNotAllowed: 7,
  invalidMethod: 8,
  invalidEncoding: 9,
  invalidUrl: 10,
  requestError: 11,
  runtimeError: 12,
  tooManySessions: 13,
} as const;

export type ErrorCode = (typeof errorCode)[keyof typeof errorCode];

/** Ends a call with a code for the guest. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: ErrorCode;
  constructor(code: ErrorCode, options?: { readonly cause?: unknown }) {
    super(`error ${code} for the guest`, options);
    this.code = code;
  }
}

export function refuse(name: keyof typeof errorCode, cause?: unknown): never {
  throw new CallError(errorCode[name], { cause });
}
