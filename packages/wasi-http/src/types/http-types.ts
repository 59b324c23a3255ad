import type { GuestView, HostInterface } from '@wasmlet/wasm-runtime/host';
import { httpErrorCode, incomingBodyCalls, outgoingBodyCalls } from './body-calls.ts';
import { fieldCalls } from './field-calls.ts';
import { incomingRequestCalls, outgoingRequestCalls, requestOptionCalls } from './request-calls.ts';
import * as resources from './resources.ts';
import {
  futureResponseCalls,
  incomingResponseCalls,
  outgoingResponseCalls,
  responseOutparamCalls,
} from './response-calls.ts';

/** The highest 0.2 of `wasi:http` that is known here. */
export const httpVersion = '0.2.12';

export interface HttpTypesOptions {
  /** Most bytes of a response that wait for the client, by how the guest waits. */
  readonly maxPendingBytes: (waiting: GuestView['waiting']) => number;
  /** Longest that a guest waits for a client to take some of a response, in milliseconds. @default for ever */
  readonly clientIdleMs?: number;
}

/** `wasi:http/types`. */
export function httpTypes({ maxPendingBytes, clientIdleMs }: HttpTypesOptions): HostInterface {
  return {
    name: 'wasi:http/types',
    version: httpVersion,
    functions: {
      ...fieldCalls,
      ...incomingRequestCalls,
      ...outgoingRequestCalls,
      ...requestOptionCalls,
      ...responseOutparamCalls,
      ...incomingResponseCalls,
      ...incomingBodyCalls,
      ...outgoingResponseCalls({ maxPendingBytes, idleMs: clientIdleMs }),
      ...outgoingBodyCalls,
      ...futureResponseCalls,
      'http-error-code': httpErrorCode,
    },
    resources: {
      fields: resources.fields,
      'incoming-request': resources.incomingRequest,
      'outgoing-request': resources.outgoingRequest,
      'request-options': resources.requestOptions,
      'response-outparam': resources.responseOutparam,
      'incoming-response': resources.incomingResponse,
      'incoming-body': resources.incomingBody,
      'future-trailers': resources.futureTrailers,
      'outgoing-response': resources.outgoingResponse,
      'outgoing-body': resources.outgoingBody,
      'future-incoming-response': resources.futureResponse,
    },
  };
}
