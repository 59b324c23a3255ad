import type { Pollable, ResourceType } from '@wasmlet/wasm-runtime/host';
import type { InboundBody } from '../bodies/inbound-body.ts';
import type { OutboundBody } from '../bodies/outbound-body.ts';
import { type ErrorCode, HttpFailure } from './error-code.ts';
import type { Fields } from './fields.ts';

/** The resources of `wasi:http/types` and what stands behind them. */

export interface IncomingRequest {
  readonly method: string;
  readonly pathWithQuery: string | undefined;
  readonly scheme: string | undefined;
  readonly authority: string | undefined;
  readonly headers: Fields;
  /** Its body, once. */
  takeBody(): InboundBody | undefined;
}

export interface OutgoingRequest {
  method: string;
  pathWithQuery: string | undefined;
  scheme: string | undefined;
  authority: string | undefined;
  readonly headers: Fields;
  body: OutboundBody | undefined;
}

/** Nanoseconds. */
export interface RequestOptions {
  connectTimeout: bigint | undefined;
  firstByteTimeout: bigint | undefined;
  betweenBytesTimeout: bigint | undefined;
}

export interface OutgoingResponse {
  status: number;
  readonly headers: Fields;
  body: OutboundBody | undefined;
}

/** Where a guest puts its response; it does so once. */
export interface ResponseOutparam {
  set(response: OutgoingResponse | ErrorCode): void;
  /** Given up without a response. */
  drop(): void;
}

export interface IncomingResponse {
  readonly status: number;
  readonly headers: Fields;
  takeBody(): InboundBody | undefined;
}

export interface IncomingBody {
  readonly body: InboundBody;
  streamTaken: boolean;
}

export interface FutureTrailers extends Pollable {
  readonly body: InboundBody;
  taken: boolean;
}

export interface FutureResponse extends Pollable {
  /** Undefined while it is on its way. */
  readonly outcome: IncomingResponse | HttpFailure | undefined;
  taken: boolean;
  drop(): void;
}

export const fields: ResourceType<Fields> = { name: 'fields' };
export const incomingRequest: ResourceType<IncomingRequest> = { name: 'incoming-request' };
export const outgoingRequest: ResourceType<OutgoingRequest> = { name: 'outgoing-request' };
export const requestOptions: ResourceType<RequestOptions> = { name: 'request-options' };
export const outgoingResponse: ResourceType<OutgoingResponse> = { name: 'outgoing-response' };
export const responseOutparam: ResourceType<ResponseOutparam> = {
  name: 'response-outparam',
  drop: (param) => param.drop(),
};
export const incomingResponse: ResourceType<IncomingResponse> = {
  name: 'incoming-response',
  drop: (response) => response.takeBody()?.close(),
};
export const incomingBody: ResourceType<IncomingBody> = {
  name: 'incoming-body',
  drop: ({ body }) => body.close(),
};
export const outgoingBody: ResourceType<OutboundBody> = {
  name: 'outgoing-body',
  drop: (body) => body.fail(unfinished()),
};
export const futureTrailers: ResourceType<FutureTrailers> = {
  name: 'future-trailers',
  drop: ({ body }) => body.close(),
};
export const futureResponse: ResourceType<FutureResponse> = {
  name: 'future-incoming-response',
  drop: (future) => future.drop(),
};

function unfinished(): HttpFailure {
  return new HttpFailure({ code: 'internal-error', text: 'the guest dropped a body without finishing it' });
}
