/** The POSIX names this layer raises itself; errors of `node:fs` bring more of the same kind. */
export type SystemErrorCode =
  | 'EAGAIN'
  | 'EBUSY'
  | 'EEXIST'
  | 'EILSEQ'
  | 'EINVAL'
  | 'EIO'
  | 'EISDIR'
  | 'ELOOP'
  | 'EMFILE'
  | 'ENAMETOOLONG'
  | 'ENOENT'
  | 'ENOMEM'
  | 'ENOTDIR'
  | 'ENOTSUP'
  | 'EOVERFLOW'
  | 'EPERM'
  | 'EPIPE'
  | 'EROFS'
  | 'EXDEV';

/**
 * An error that ends as an answer to a guest. It has no stack trace: nobody reads it, and it costs as much as a system
 * call.
 */
export class Refusal extends Error {
  constructor(message: string) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** A refusal of the system layer; `code` is read as that of an error of `node:fs`. Ends as an errno of the guest. */
export class SystemError extends Refusal {
  override readonly name = 'SystemError';
  readonly code: SystemErrorCode;
  constructor(code: SystemErrorCode) {
    super(code);
    this.code = code;
  }
}

/** The `code` of an error of this layer or of `node:fs`. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
