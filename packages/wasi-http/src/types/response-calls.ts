import type { CoreHostFunction, GuestView } from '@wasmlet/wasm-runtime/host';
import { OutboundBody } from '../bodies/outbound-body.ts';
import { type FlatErrorCode, HttpFailure, readErrorCode, storeErrorCode } from './error-code.ts';
import { flatError, flatOk, immediate, storeFailed, storeHandle } from './host-function.ts';
import { consumeOf, headersOf } from './request-calls.ts';
import {
  fields,
  futureResponse,
  incomingResponse,
  outgoingBody,
  outgoingResponse,
  responseOutparam,
} from './resources.ts';
import { pollable } from '@wasmlet/wasm-runtime/host';

/** The functions of `incoming-response`. */
export const incomingResponseCalls: Readonly<Record<string, CoreHostFunction>> = {
  '[method]incoming-response.status': immediate(
    '(i32) -> (i32)',
    (guest) => (self) => guest.handles.get(incomingResponse, self).status,
  ),
  '[method]incoming-response.headers': headersOf(incomingResponse),
  '[method]incoming-response.consume': consumeOf(incomingResponse),
};

/** The functions of `outgoing-response`, whose bodies hold at most so many bytes that the peer has not taken. */
export function outgoingResponseCalls(limits: {
  readonly maxPendingBytes: (waiting: GuestView['waiting']) => number;
  readonly idleMs: number | undefined;
}): Readonly<Record<string, CoreHostFunction>> {
  return {
    '[constructor]outgoing-response': immediate('(i32) -> (i32)', (guest) => (headers) => {
      const taken = guest.handles.take(fields, headers).frozen();
      return guest.handles.insert(outgoingResponse, { status: 200, headers: taken, body: undefined });
    }),
    '[method]outgoing-response.status-code': immediate(
      '(i32) -> (i32)',
      (guest) => (self) => guest.handles.get(outgoingResponse, self).status,
    ),
    '[method]outgoing-response.set-status-code': immediate(
      '(i32 i32) -> (i32)',
      (guest) => (self, status) => {
        const response = guest.handles.get(outgoingResponse, self);
        if (!(status >= 200 && status <= 999)) return flatError;
        response.status = status;
        return flatOk;
      },
    ),
    '[method]outgoing-response.headers': headersOf(outgoingResponse),
    '[method]outgoing-response.body': immediate('(i32 i32) -> ()', (guest) => (self, out) => {
      const response = guest.handles.get(outgoingResponse, self);
      const { contentLength } = response.headers;
      if (response.body !== undefined || Number.isNaN(contentLength)) return storeFailed(guest, out);
      response.body = new OutboundBody({
        ...(contentLength === undefined ? {} : { length: contentLength }),
        wrongLength,
        maxPendingBytes: limits.maxPendingBytes(guest.waiting),
        sendsWhen: guest.waiting === 'sync' ? 'full' : 'waiting',
        ...(limits.idleMs === undefined ? {} : { idleMs: limits.idleMs }),
      });
      storeHandle(guest, out, guest.handles.insert(outgoingBody, response.body));
    }),
  };
}

function wrongLength(bytes: number): HttpFailure {
  return new HttpFailure({ code: 'HTTP-response-body-size', size: BigInt(bytes) });
}

/** The functions of `response-outparam`. */
export const responseOutparamCalls: Readonly<Record<string, CoreHostFunction>> = {
  '[static]response-outparam.set': {
    type: '(i32 i32 i32 i32 i64 i32 i32 i32 i32) -> ()',
    waits: false,
    bind:
      (guest: GuestView) =>
      (self: number, failed: number, ...flat: FlatErrorCode) => {
        const param = guest.handles.take(responseOutparam, self);
        if (failed === 0) return param.set(guest.handles.take(outgoingResponse, flat[0]));
        const code = readErrorCode(guest, flat);
        return param.set(code ?? guest.trap(`error-code has no case ${flat[0] >>> 0}`));
      },
  },
};

/** The functions of `future-incoming-response`. */
export const futureResponseCalls: Readonly<Record<string, CoreHostFunction>> = {
  '[method]future-incoming-response.subscribe': immediate(
    '(i32) -> (i32)',
    (guest) => (self) => guest.handles.insert(pollable, guest.handles.get(futureResponse, self)),
  ),
  '[method]future-incoming-response.get': immediate('(i32 i32) -> ()', (guest) => (self, out) => {
    const future = guest.handles.get(futureResponse, self);
    const { outcome } = future;
    const at = guest.check(out, 56, 8);
    guest.bytes().fill(0, at, at + 56);
    if (outcome === undefined) return;
    guest.bytes()[at] = 1;
    guest.bytes()[at + 8] = future.taken ? 1 : 0;
    if (future.taken) return;
    future.taken = true;
    if (outcome instanceof HttpFailure) {
      guest.bytes()[at + 16] = 1;
      storeErrorCode(guest, at + 24, outcome.detail);
    } else guest.view().setInt32(at + 24, guest.handles.insert(incomingResponse, outcome), true);
  }),
};
