import { HandlerError } from '../errors.ts';
import { maxTimeoutMs } from '../policy/config.ts';

/** What one client may ask of a handler. */
export interface HandlerLimits {
  /** Requests that run at once; more are answered with 503. @default 128 */
  readonly maxConcurrent: number;
  /** From a request's arrival to the end of its response, in milliseconds; then 504. @default 60_000 */
  readonly requestMs: number;
  /** Longest pause of a client that sends a body or takes one, in milliseconds. @default 60_000 */
  readonly clientIdleMs: number;
  /** Characters of path and query; beyond, 414. @default 8_192 */
  readonly maxUrlBytes: number;
  /** Bytes of names and values of all headers; beyond, 431. @default 32_768 */
  readonly maxHeaderBytes: number;
  /** Bytes of a request's body; beyond, 413. Bodies are streamed, so that they need no memory. @default no limit */
  readonly maxBodyBytes: number;
}

/** Checks what an application asks for, and fills in the defaults. Throws {@link HandlerError} `INVALID_OPTION`. */
export function handlerLimits(given: Partial<HandlerLimits>): HandlerLimits {
  const limits = { ...defaultLimits, ...given };
  for (const [name, value] of Object.entries(limits)) {
    const isTime = name.endsWith('Ms');
    const isFine =
      value > 0 && (isTime ? value <= maxTimeoutMs : Number.isSafeInteger(value) || value === Infinity);
    if (!isFine) throw new HandlerError('INVALID_OPTION', `limit ${name} ${value} is not a number above 0`);
  }
  return limits;
}

export type BodyLimits = Pick<HandlerLimits, 'maxBodyBytes' | 'clientIdleMs'>;

export const defaultLimits: HandlerLimits = {
  maxConcurrent: 128,
  requestMs: 60_000,
  clientIdleMs: 60_000,
  maxUrlBytes: 8_192,
  maxHeaderBytes: 32_768,
  maxBodyBytes: Number.POSITIVE_INFINITY,
};
