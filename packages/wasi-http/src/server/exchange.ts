import type { BodyTarget } from '../bodies/outbound-body.ts';
import type { InboundBody } from '../bodies/inbound-body.ts';
import type { Field, Fields } from '../types/fields.ts';

/** One request of a client's and the way back, whatever brought it. */
export interface Exchange {
  readonly method: string;
  readonly pathWithQuery: string;
  readonly scheme: 'http' | 'https';
  readonly authority: string | undefined;
  readonly headers: Fields;
  /** Bytes of their names and values. */
  readonly headerBytes: number;
  /** Two readers could understand it differently; it is refused. */
  readonly isMalformed: boolean;
  /** What `content-length` says; 0 for a request without a body; undefined when nobody knows. */
  readonly bodyLength: number | undefined;
  /** Begins to receive the body, once; so many of its bytes are held before the client has to wait. */
  receive(holdBytes: number): InboundBody;
  readonly reply: Reply;
  /** The client's address, for the access log. */
  readonly client: string | undefined;
  /** Calls back when the client has gone before its answer was complete. */
  onGone(gone: () => void): void;
}

/** How far an answer is. */
export type ReplyState =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'started'; readonly status: number; readonly headers: readonly Field[] }
  | { readonly kind: 'sent' };

/** The way back. */
export interface Reply extends BodyTarget {
  /** Takes status and headers, which leave with the first bytes or at the end. */
  start(status: number, headers: readonly Field[]): void;
  /** Whether any of it may have left. */
  readonly hasLeft: boolean;
  /** A whole response of the host's own, instead of anything that was started. */
  answer(status: number, text: string, headers?: readonly Field[]): void;
}
