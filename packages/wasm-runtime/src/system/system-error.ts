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

/** A refusal of the system layer; `code` is read as that of an error of `node:fs`. Ends as an errno of the guest. */
export class SystemError extends Error {
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
