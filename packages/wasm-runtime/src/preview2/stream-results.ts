import type { GuestView } from '../component/host-interface.ts';
import { type IoError, ioError, StreamFailure } from './io-resources.ts';
import { codeOf } from '../system/system-error.ts';

/** `stream-error`: case and handle. */
const streamErrorBytes = 8;

/** Streams whose last operation failed and that were told so: they are closed from then on. */
export class FailedStreams {
  readonly #failed = new WeakSet<object>();
  #some = false;

  add(stream: object): void {
    this.#failed.add(stream);
    this.#some = true;
  }

  has(stream: object): boolean {
    return this.#some && this.#failed.has(stream);
  }
}

/**
 * Runs what answers a `result<_, stream-error>` of a stream, whose payload is at `payloadAt`, and answers what it does. A
 * failure is told to the guest, and answered by `true`.
 */
export function answering<T>(
  { failed, guest, stream, result, payloadAt }: StreamCall,
  act: () => T,
): T | true {
  try {
    if (failed.has(stream)) throw StreamFailure.closed;
    return act();
  } catch (error) {
    if (!(error instanceof StreamFailure)) throw error;
    if (error.error !== undefined) failed.add(stream);
    putFailure(guest, result, payloadAt, error);
    return true;
  }
}

export interface StreamCall {
  readonly failed: FailedStreams;
  readonly guest: GuestView;
  readonly stream: object;
  readonly result: number;
  readonly payloadAt: 4 | 8;
}

export function putDone(guest: GuestView, result: number): void {
  const at = guest.check(result, 4 + streamErrorBytes, 4);
  guest.view().setUint8(at, 0);
}

export function putCount(guest: GuestView, result: number, count: number): void {
  const at = guest.check(result, 8 + streamErrorBytes, 8);
  const view = guest.view();
  view.setUint8(at, 0);
  view.setBigUint64(at + 8, BigInt(count), true);
}

export function putBytes(guest: GuestView, result: number, bytes: Uint8Array): void {
  const at = guest.check(result, 4 + streamErrorBytes, 4);
  guest.storeBytes(at + 4, bytes);
  guest.view().setUint8(at, 0);
}

function putFailure(guest: GuestView, result: number, payloadAt: 4 | 8, { error }: StreamFailure): void {
  const at = guest.check(result, payloadAt + streamErrorBytes, payloadAt);
  const view = guest.view();
  view.setUint8(at, 1);
  view.setUint8(at + payloadAt, error === undefined ? 1 : 0);
  if (error !== undefined) view.setUint32(at + payloadAt + 4, guest.handles.insert(ioError, error), true);
}

/** The failure of a stream for an error of the system; whatever is none is a defect, and thrown on. */
export function failureOf(error: unknown): StreamFailure {
  const code = codeOf(error);
  if (code === undefined) throw error;
  if (code === 'EPIPE') return StreamFailure.closed;
  // The message of `node:fs` tells of the host.
  const told: IoError = { message: code, cause: error };
  return new StreamFailure(told);
}
