import { codeOf, Refusal } from '../system/system-error.ts';

/** Error numbers of preview1 that this host answers; the same in `wasi_unstable`. */
export const errno = {
  success: 0,
  toobig: 1,
  acces: 2,
  again: 6,
  badf: 8,
  busy: 10,
  connaborted: 13,
  connreset: 15,
  dquot: 19,
  exist: 20,
  fault: 21,
  fbig: 22,
  ilseq: 25,
  intr: 27,
  inval: 28,
  io: 29,
  isdir: 31,
  loop: 32,
  mfile: 33,
  mlink: 34,
  nametoolong: 37,
  nfile: 41,
  nodev: 43,
  noent: 44,
  nomem: 48,
  nospc: 51,
  nosys: 52,
  notconn: 53,
  notdir: 54,
  notempty: 55,
  notsock: 57,
  notsup: 58,
  nxio: 60,
  overflow: 61,
  perm: 63,
  pipe: 64,
  rofs: 69,
  spipe: 70,
  timedout: 73,
  txtbsy: 74,
  xdev: 75,
  notcapable: 76,
} as const;

export type Errno = (typeof errno)[keyof typeof errno];

/** A refusal that exists in the ABI only (EFAULT, EBADF, ENOTCAPABLE …). */
export class ErrnoError extends Refusal {
  override readonly name = 'ErrnoError';
  readonly errno: Errno;
  constructor(number: Errno) {
    super(`errno ${number}`);
    this.errno = number;
  }
}

export function refuse(number: Errno): never {
  throw new ErrnoError(number);
}

/**
 * The number a guest gets for an error. Whatever is no refusal of the system (a stack overflow in a host call, the
 * trap of `proc_exit`, a defect of the host) is thrown on and ends the guest.
 */
export function errnoOf(error: unknown): Errno {
  if (error instanceof ErrnoError) return error.errno;
  const code = codeOf(error);
  const known = code === undefined ? undefined : byCode.get(code);
  if (known !== undefined) return known;
  if (code !== undefined && /^E[A-Z0-9]+$/.test(code)) return errno.io;
  throw error;
}

const byCode = new Map<string, Errno>([
  ['E2BIG', errno.toobig],
  ['EACCES', errno.acces],
  ['EAGAIN', errno.again],
  ['EWOULDBLOCK', errno.again],
  ['EBADF', errno.badf],
  ['EBUSY', errno.busy],
  ['ECONNABORTED', errno.connaborted],
  ['ECONNRESET', errno.connreset],
  ['EDQUOT', errno.dquot],
  ['EEXIST', errno.exist],
  ['EFBIG', errno.fbig],
  ['EILSEQ', errno.ilseq],
  ['EINTR', errno.intr],
  ['EINVAL', errno.inval],
  ['EISDIR', errno.isdir],
  ['ELOOP', errno.loop],
  ['EMFILE', errno.mfile],
  ['EMLINK', errno.mlink],
  ['ENAMETOOLONG', errno.nametoolong],
  ['ENFILE', errno.nfile],
  ['ENODEV', errno.nodev],
  ['ENOENT', errno.noent],
  ['ENOMEM', errno.nomem],
  ['ENOSPC', errno.nospc],
  ['ENOSYS', errno.nosys],
  ['ENOTCONN', errno.notconn],
  ['ENOTDIR', errno.notdir],
  ['ENOTEMPTY', errno.notempty],
  ['ENOTSUP', errno.notsup],
  ['EOPNOTSUPP', errno.notsup],
  ['ENXIO', errno.nxio],
  ['EOVERFLOW', errno.overflow],
  ['EPERM', errno.perm],
  ['EPIPE', errno.pipe],
  ['EROFS', errno.rofs],
  ['ESPIPE', errno.spipe],
  ['ETIMEDOUT', errno.timedout],
  ['ETXTBSY', errno.txtbsy],
  ['EXDEV', errno.xdev],
  // Node's own checks of numbers that a guest has chosen.
  ['ERR_OUT_OF_RANGE', errno.inval],
  ['ERR_INVALID_ARG_VALUE', errno.inval],
]);
