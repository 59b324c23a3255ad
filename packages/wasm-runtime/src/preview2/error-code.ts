import type { GuestView } from '../component/host-interface.ts';
import { codeOf } from '../system/system-error.ts';

/** `error-code` of `wasi:filesystem`, in its order. */
const errorCodes = [
  'access',
  'would-block',
  'already',
  'bad-descriptor',
  'busy',
  'deadlock',
  'quota',
  'exist',
  'file-too-large',
  'illegal-byte-sequence',
  'in-progress',
  'interrupted',
  'invalid',
  'io',
  'is-directory',
  'loop',
  'too-many-links',
  'message-size',
  'name-too-long',
  'no-device',
  'no-entry',
  'no-lock',
  'insufficient-memory',
  'insufficient-space',
  'not-directory',
  'not-empty',
  'not-recoverable',
  'unsupported',
  'no-tty',
  'no-such-device',
  'overflow',
  'not-permitted',
  'pipe',
  'read-only',
  'invalid-seek',
  'text-file-busy',
  'cross-device',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** A refusal that only this interface knows. */
export class FileRefusal extends Error {
  override readonly name = 'FileRefusal';
  readonly errorCode: ErrorCode;
  constructor(errorCode: ErrorCode) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(errorCode);
    Error.stackTraceLimit = stackTraceLimit;
    this.errorCode = errorCode;
  }
}

export function refuse(errorCode: ErrorCode): never {
  throw new FileRefusal(errorCode);
}

/**
 * Answers a `result<…, error-code>`, whose payload is at `payloadAt`: `act` has told its success, unless it threw a
 * refusal. Whatever is no refusal is a defect, or the guest's trap, and thrown on.
 */
export function answeringCode(guest: GuestView, result: number, payloadAt: number, act: () => void): void {
  try {
    act();
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === undefined) throw error;
    const at = guest.check(result, payloadAt + 1, payloadAt);
    guest.view().setUint8(at, 1);
    guest.view().setUint8(at + payloadAt, numberOf(code));
  }
}

/** The success of a `result<own<…>, error-code>`. */
export function putHandle(guest: GuestView, result: number, handle: number): void {
  const at = guest.check(result, 8, 4);
  guest.view().setUint32(at + 4, handle, true);
  guest.view().setUint8(at, 0);
}

/** The success of a `result<_, error-code>`, or of one whose value is a byte. */
export function putByte(guest: GuestView, result: number, value = 0): void {
  const at = guest.check(result, 2);
  guest.view().setUint8(at + 1, value);
  guest.view().setUint8(at, 0);
}

export function numberOf(code: ErrorCode): number {
  return errorCodes.indexOf(code);
}

/** What an error of the system is called here; `undefined` of what is none. */
export function errorCodeOf(error: unknown): ErrorCode | undefined {
  if (error instanceof FileRefusal) return error.errorCode;
  const code = codeOf(error);
  if (code === undefined) return undefined;
  return byCode.get(code) ?? (/^E[A-Z0-9]+$/.test(code) ? 'io' : undefined);
}

const byCode = new Map<string, ErrorCode>([
  ['EACCES', 'access'],
  ['EAGAIN', 'would-block'],
  ['EBADF', 'bad-descriptor'],
  ['EBUSY', 'busy'],
  ['EDQUOT', 'quota'],
  ['EEXIST', 'exist'],
  ['EFBIG', 'file-too-large'],
  ['EILSEQ', 'illegal-byte-sequence'],
  ['EINTR', 'interrupted'],
  ['EINVAL', 'invalid'],
  ['EISDIR', 'is-directory'],
  ['ELOOP', 'loop'],
  // There is no name for too many open files.
  ['EMFILE', 'insufficient-memory'],
  ['ENFILE', 'insufficient-memory'],
  ['EMLINK', 'too-many-links'],
  ['ENAMETOOLONG', 'name-too-long'],
  ['ENODEV', 'no-device'],
  ['ENOENT', 'no-entry'],
  ['ENOMEM', 'insufficient-memory'],
  ['ENOSPC', 'insufficient-space'],
  ['ENOSYS', 'unsupported'],
  ['ENOTDIR', 'not-directory'],
  ['ENOTEMPTY', 'not-empty'],
  ['ENOTSUP', 'unsupported'],
  ['EOPNOTSUPP', 'unsupported'],
  ['ENXIO', 'no-such-device'],
  ['EOVERFLOW', 'overflow'],
  ['EPERM', 'not-permitted'],
  ['EPIPE', 'pipe'],
  ['EROFS', 'read-only'],
  ['ESPIPE', 'invalid-seek'],
  ['ETXTBSY', 'text-file-busy'],
  ['EXDEV', 'cross-device'],
  // Node's own checks of numbers that a guest has chosen.
  ['ERR_OUT_OF_RANGE', 'invalid'],
  ['ERR_INVALID_ARG_VALUE', 'invalid'],
]);
