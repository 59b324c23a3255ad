import type { GuestView } from '../component/host-interface.ts';
import { codeOf } from '../system/system-error.ts';

/** `error-code` of `wasi:sockets`, in its order. */
const errorCodes = [
  'unknown',
  'access-denied',
  'not-supported',
  'invalid-argument',
  'out-of-memory',
  'timeout',
  'concurrency-conflict',
  'not-in-progress',
  'would-block',
  'invalid-state',
  'new-socket-limit',
  'address-not-bindable',
  'address-in-use',
  'remote-unreachable',
  'connection-refused',
  'connection-reset',
  'connection-aborted',
  'datagram-too-large',
  'name-unresolvable',
  'temporary-resolver-failure',
  'permanent-resolver-failure',
] as const;

export type NetworkErrorCode = (typeof errorCodes)[number];

export class NetworkRefusal extends Error {
  override readonly name = 'NetworkRefusal';
  readonly errorCode: NetworkErrorCode;
  constructor(errorCode: NetworkErrorCode) {
    super(errorCode);
    this.errorCode = errorCode;
  }
}

export function refuseNetwork(errorCode: NetworkErrorCode): never {
  throw new NetworkRefusal(errorCode);
}

/** As `answeringCode`, for results whose error is that of `wasi:sockets`. */
export function answeringNetwork(guest: GuestView, result: number, payloadAt: number, act: () => void): void {
  try {
    act();
  } catch (error) {
    const code = networkErrorOf(error);
    if (code === undefined) throw error;
    const at = guest.check(result, payloadAt + 1, payloadAt);
    guest.view().setUint8(at, 1);
    guest.view().setUint8(at + payloadAt, networkNumberOf(code));
  }
}

export function networkNumberOf(code: NetworkErrorCode): number {
  return errorCodes.indexOf(code);
}

/** What an error of the system is called here; `undefined` of what is none. */
export function networkErrorOf(error: unknown): NetworkErrorCode | undefined {
  if (error instanceof NetworkRefusal) return error.errorCode;
  const code = codeOf(error);
  if (code === undefined) return undefined;
  return byCode.get(code) ?? (/^E[A-Z0-9]+$/.test(code) ? 'unknown' : undefined);
}

const byCode = new Map<string, NetworkErrorCode>([
  ['EACCES', 'access-denied'],
  ['EADDRINUSE', 'address-in-use'],
  ['EADDRNOTAVAIL', 'address-not-bindable'],
  ['EAFNOSUPPORT', 'not-supported'],
  ['ECONNABORTED', 'connection-aborted'],
  ['ECONNREFUSED', 'connection-refused'],
  ['ECONNRESET', 'connection-reset'],
  ['EHOSTDOWN', 'remote-unreachable'],
  ['EHOSTUNREACH', 'remote-unreachable'],
  ['EINVAL', 'invalid-argument'],
  ['EMFILE', 'new-socket-limit'],
  ['EMSGSIZE', 'datagram-too-large'],
  ['ENETDOWN', 'remote-unreachable'],
  ['ENETUNREACH', 'remote-unreachable'],
  ['ENFILE', 'new-socket-limit'],
  ['ENOBUFS', 'out-of-memory'],
  ['ENOMEM', 'out-of-memory'],
  ['EPERM', 'access-denied'],
  ['EPIPE', 'connection-reset'],
  ['ETIMEDOUT', 'timeout'],
]);
