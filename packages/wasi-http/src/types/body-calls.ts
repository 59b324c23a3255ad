import {
  type CoreHostFunction,
  type InputSource,
  inputStream,
  ioError,
  outputStream,
  pollable,
} from '@wasmlet/wasm-runtime/host';
import type { InboundBody } from '../bodies/inbound-body.ts';
import { HttpFailure, storeErrorCode } from './error-code.ts';
import { immediate, storeFailed, storeHandle } from './host-function.ts';
import { fields, futureTrailers, incomingBody, outgoingBody } from './resources.ts';

/** The functions of `incoming-body` and `future-trailers`. */
export const incomingBodyCalls: Readonly<Record<string, CoreHostFunction>> = {
  '[method]incoming-body.stream': immediate('(i32 i32) -> ()', (guest) => (self, out) => {
    const incoming = guest.handles.get(incomingBody, self);
    if (incoming.streamTaken) return storeFailed(guest, out);
    incoming.streamTaken = true;
    storeHandle(guest, out, guest.handles.insert(inputStream, streamOf(incoming.body)));
  }),
  '[static]incoming-body.finish': immediate('(i32) -> (i32)', (guest) => (self) => {
    const { body } = guest.handles.take(incomingBody, self);
    body.discard();
    return guest.handles.insert(futureTrailers, {
      body,
      taken: false,
      isReady: () => body.outcome !== undefined,
      ready: body.ended,
    });
  }),
  '[method]future-trailers.subscribe': immediate(
    '(i32) -> (i32)',
    (guest) => (self) => guest.handles.insert(pollable, guest.handles.get(futureTrailers, self)),
  ),
  '[method]future-trailers.get': immediate('(i32 i32) -> ()', (guest) => (self, out) => {
    const future = guest.handles.get(futureTrailers, self);
    const { outcome } = future.body;
    const at = guest.check(out, 56, 8);
    guest.bytes().fill(0, at, at + 56);
    if (outcome === undefined) return;
    guest.bytes()[at] = 1;
    guest.bytes()[at + 8] = future.taken ? 1 : 0;
    if (future.taken) return;
    future.taken = true;
    if (outcome.kind === 'failed') {
      guest.bytes()[at + 16] = 1;
      storeErrorCode(guest, at + 24, outcome.failure.detail);
    } else if (outcome.trailers !== undefined) {
      guest.bytes()[at + 24] = 1;
      guest.view().setInt32(at + 28, guest.handles.insert(fields, outcome.trailers), true);
    }
  }),
};

/** Dropping the stream leaves the body as it is: its trailers may still be wanted. */
function streamOf(body: InboundBody): InputSource {
  return {
    available: () => body.available(),
    readNow: (into) => body.readNow(into),
    readable: (signal) => body.readable(signal),
  };
}

/** The functions of `outgoing-body`. */
export const outgoingBodyCalls: Readonly<Record<string, CoreHostFunction>> = {
  '[method]outgoing-body.write': immediate('(i32 i32) -> ()', (guest) => (self, out) => {
    const stream = guest.handles.get(outgoingBody, self).takeStream();
    if (stream === undefined) return storeFailed(guest, out);
    storeHandle(guest, out, guest.handles.insert(outputStream, stream));
  }),
  '[static]outgoing-body.finish': immediate(
    '(i32 i32 i32 i32) -> ()',
    (guest) => (self, present, handle, out) => {
      const at = guest.check(out, 40, 8);
      const body = guest.handles.take(outgoingBody, self);
      const trailers = present === 0 ? undefined : guest.handles.take(fields, handle);
      const failure = body.finish(trailers);
      guest.bytes()[at] = failure === undefined ? 0 : 1;
      if (failure !== undefined) storeErrorCode(guest, at + 8, failure.detail);
    },
  ),
};

/** `http-error-code`: what an error of a body's stream was. */
export const httpErrorCode: CoreHostFunction = immediate('(i32 i32) -> ()', (guest) => (error, out) => {
  const { cause } = guest.handles.get(ioError, error);
  const at = guest.check(out, 40, 8);
  guest.bytes()[at] = cause instanceof HttpFailure ? 1 : 0;
  if (cause instanceof HttpFailure) storeErrorCode(guest, at + 8, cause.detail);
});
