import type { CoreHostFunction, GuestView, ResourceType } from '@wasmlet/wasm-runtime/host';
import { HttpFailure } from './error-code.ts';
import type { Fields } from './fields.ts';
import { flatError, flatOk, immediate, storeFailed, storeHandle, storeText } from './host-function.ts';
import { isAuthority, isPathWithQuery } from './target-syntax.ts';
import { readMethod, readScheme, storeMethod, storeScheme } from './method-scheme.ts';
import type { InboundBody } from '../bodies/inbound-body.ts';
import { OutboundBody } from '../bodies/outbound-body.ts';
import {
  fields,
  incomingBody,
  incomingRequest,
  outgoingBody,
  outgoingRequest,
  requestOptions,
  type RequestOptions,
} from './resources.ts';

/** The functions of `incoming-request`. */
export const incomingRequestCalls: Readonly<Record<string, CoreHostFunction>> = {
  '[method]incoming-request.method': immediate('(i32 i32) -> ()', (guest) => (self, out) => {
    storeMethod(guest, out, guest.handles.get(incomingRequest, self).method);
  }),
  '[method]incoming-request.path-with-query': immediate('(i32 i32) -> ()', (guest) => (self, out) => {
    storeText(guest, out, guest.handles.get(incomingRequest, self).pathWithQuery);
  }),
  '[method]incoming-request.scheme': immediate('(i32 i32) -> ()', (guest) => (self, out) => {
    storeScheme(guest, out, guest.handles.get(incomingRequest, self).scheme);
  }),
  '[method]incoming-request.authority': immediate('(i32 i32) -> ()', (guest) => (self, out) => {
    storeText(guest, out, guest.handles.get(incomingRequest, self).authority);
  }),
  '[method]incoming-request.headers': headersOf(incomingRequest),
  '[method]incoming-request.consume': consumeOf(incomingRequest),
};

/** The functions of `outgoing-request`. */
export const outgoingRequestCalls: Readonly<Record<string, CoreHostFunction>> = {
  '[constructor]outgoing-request': immediate('(i32) -> (i32)', (guest) => (headers) => {
    const taken = guest.handles.take(fields, headers).frozen();
    return guest.handles.insert(outgoingRequest, {
      method: 'GET',
      pathWithQuery: undefined,
      scheme: undefined,
      authority: undefined,
      headers: taken,
      body: undefined,
    });
  }),
  '[method]outgoing-request.body': immediate('(i32 i32) -> ()', (guest) => (self, out) => {
    const request = guest.handles.get(outgoingRequest, self);
    const { contentLength } = request.headers;
    if (request.body !== undefined || Number.isNaN(contentLength)) return storeFailed(guest, out);
    request.body = new OutboundBody({
      ...(contentLength === undefined ? {} : { length: contentLength }),
      wrongLength: (bytes) => new HttpFailure({ code: 'HTTP-request-body-size', size: BigInt(bytes) }),
      maxPendingBytes: maxPendingRequestBytes,
    });
    storeHandle(guest, out, guest.handles.insert(outgoingBody, request.body));
  }),
  '[method]outgoing-request.method': immediate('(i32 i32) -> ()', (guest) => (self, out) => {
    storeMethod(guest, out, guest.handles.get(outgoingRequest, self).method);
  }),
  '[method]outgoing-request.set-method': immediate(
    '(i32 i32 i32 i32) -> (i32)',
    (guest) => (self, number, pointer, length) => {
      const request = guest.handles.get(outgoingRequest, self);
      const method = readMethod(guest, number, pointer, length);
      if (method === undefined) return flatError;
      request.method = method;
      return flatOk;
    },
  ),
  '[method]outgoing-request.path-with-query': immediate('(i32 i32) -> ()', (guest) => (self, out) => {
    storeText(guest, out, guest.handles.get(outgoingRequest, self).pathWithQuery);
  }),
  '[method]outgoing-request.set-path-with-query': textSetter('pathWithQuery', isPathWithQuery),
  '[method]outgoing-request.scheme': immediate('(i32 i32) -> ()', (guest) => (self, out) => {
    storeScheme(guest, out, guest.handles.get(outgoingRequest, self).scheme);
  }),
  '[method]outgoing-request.set-scheme': immediate(
    '(i32 i32 i32 i32 i32) -> (i32)',
    (guest) => (self, present, number, pointer, length) => {
      const request = guest.handles.get(outgoingRequest, self);
      const scheme = present === 0 ? undefined : readScheme(guest, number, pointer, length);
      if (present !== 0 && scheme === undefined) return flatError;
      request.scheme = scheme;
      return flatOk;
    },
  ),
  '[method]outgoing-request.authority': immediate('(i32 i32) -> ()', (guest) => (self, out) => {
    storeText(guest, out, guest.handles.get(outgoingRequest, self).authority);
  }),
  '[method]outgoing-request.set-authority': textSetter('authority', isAuthority),
  '[method]outgoing-request.headers': headersOf(outgoingRequest),
};

/** The functions of `request-options`. */
export const requestOptionCalls: Readonly<Record<string, CoreHostFunction>> = {
  '[constructor]request-options': immediate('() -> (i32)', (guest) => () => {
    return guest.handles.insert(requestOptions, {
      connectTimeout: undefined,
      firstByteTimeout: undefined,
      betweenBytesTimeout: undefined,
    });
  }),
  '[method]request-options.connect-timeout': durationGetter('connectTimeout'),
  '[method]request-options.set-connect-timeout': durationSetter('connectTimeout'),
  '[method]request-options.first-byte-timeout': durationGetter('firstByteTimeout'),
  '[method]request-options.set-first-byte-timeout': durationSetter('firstByteTimeout'),
  '[method]request-options.between-bytes-timeout': durationGetter('betweenBytesTimeout'),
  '[method]request-options.set-between-bytes-timeout': durationSetter('betweenBytesTimeout'),
};

/** `headers` of a request or response: a guest may read them only. */
export function headersOf<T extends { readonly headers: Fields }>(type: ResourceType<T>): CoreHostFunction {
  return immediate(
    '(i32) -> (i32)',
    (guest) => (self) => guest.handles.insert(fields, guest.handles.get(type, self).headers.frozen()),
  );
}

/** `consume`: the body, once. */
export function consumeOf<T extends { takeBody(): InboundBody | undefined }>(
  type: ResourceType<T>,
): CoreHostFunction {
  return immediate('(i32 i32) -> ()', (guest) => (self, out) => {
    const body = guest.handles.get(type, self).takeBody();
    if (body === undefined) return storeFailed(guest, out);
    storeHandle(guest, out, guest.handles.insert(incomingBody, { body, streamTaken: false }));
  });
}

function textSetter(
  key: 'pathWithQuery' | 'authority',
  isValid: (text: string) => boolean,
): CoreHostFunction {
  return immediate('(i32 i32 i32 i32) -> (i32)', (guest) => (self, present, pointer, length) => {
    const request = guest.handles.get(outgoingRequest, self);
    const text = present === 0 ? undefined : guest.readString(pointer, length, maxTargetBytes);
    if (text !== undefined && !isValid(text)) return flatError;
    request[key] = text;
    return flatOk;
  });
}

function durationGetter(key: keyof RequestOptions): CoreHostFunction {
  return immediate('(i32 i32) -> ()', (guest) => (self, out) => {
    const duration = guest.handles.get(requestOptions, self)[key];
    const at = guest.check(out, 16, 8);
    guest.bytes()[at] = duration === undefined ? 0 : 1;
    if (duration !== undefined) guest.view().setBigUint64(at + 8, duration, true);
  });
}

function durationSetter(key: keyof RequestOptions): CoreHostFunction {
  return {
    type: '(i32 i32 i64) -> (i32)',
    waits: false,
    bind: (guest: GuestView) => (self: number, present: number, duration: bigint) => {
      guest.handles.get(requestOptions, self)[key] = present === 0 ? undefined : BigInt.asUintN(64, duration);
      return flatOk;
    },
  };
}

const maxTargetBytes = 64 * 1024;
const maxPendingRequestBytes = 128 * 1024;
