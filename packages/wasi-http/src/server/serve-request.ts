import type { InboundBody } from '../bodies/inbound-body.ts';
import type { BodyTarget } from '../bodies/outbound-body.ts';
import { type ErrorCode, HttpFailure } from '../types/error-code.ts';
import {
  incomingRequest,
  type IncomingRequest,
  type OutgoingResponse,
  responseOutparam,
} from '../types/resources.ts';
import type { Fields } from '../types/fields.ts';
import type { Exchange, Reply } from './exchange.ts';
import type { GuestInstance } from './guest-program.ts';
import { statusOfError } from './status-of-error.ts';

/** How a request ended. */
export interface Served {
  /** What was answered; undefined when the client went first. */
  readonly status: number | undefined;
  readonly bodyBytes: number;
  /** What ended the guest. */
  readonly trap?: unknown;
  /** `broken-off`: the guest returned without a response, or in the middle of one. */
  readonly ending: 'answered' | 'broken-off' | 'trapped' | 'timed-out' | 'gone';
}

/**
 * Lets an instance answer one request. Whatever it does, the client gets a whole response, or sees that the response
 * is not whole. The instance may be used again if it `answered`.
 *
 * @param deadlineMs from now on
 * @param received what there is of the body already
 */
export function serveRequest(
  exchange: Exchange,
  instance: GuestInstance,
  deadlineMs: number,
  received?: InboundBody,
): Served | Promise<Served> {
  const { reply } = exchange;
  let response: OutgoingResponse | undefined;
  let answered: number | undefined;
  let stopped: 'timed-out' | 'gone' | undefined;

  const answer = (status: number, text: string): void => {
    answered = status;
    reply.answer(status, text);
  };
  const breakOff = (failure: HttpFailure, status = 500, text: string = messages.broken): void => {
    if (response?.body?.isOpen) return response.body.fail(failure);
    if (answered === undefined) answer(status, text);
  };

  const set = (given: OutgoingResponse | ErrorCode): void => {
    if (stopped !== undefined) return;
    if ('code' in given) {
      const status = statusOfError(given);
      return answer(status, new HttpFailure(given).message);
    }
    const { status, headers, body } = given;
    const { contentLength } = headers;
    const bare = exchange.method === 'HEAD' || status === 304;
    const wrong = Number.isNaN(contentLength) || (!bare && body === undefined && (contentLength ?? 0) > 0);
    if (wrong) return answer(500, messages.length);
    response = given;
    answered = status;
    reply.start(status, headers.entries);
    if (bare) body?.ignoreLength();
    if (body === undefined) reply.finish(undefined, undefined);
    else body.attach(new WithoutHalves(reply, (code) => void (answered = code)));
  };

  const stop = (ending: 'timed-out' | 'gone', failure: HttpFailure): void => {
    if (stopped !== undefined) return;
    stopped = ending;
    if (ending === 'timed-out') breakOff(failure, 504, messages.timedOut);
    else response?.body?.fail(failure);
    instance.stop(failure);
  };
  let timer: NodeJS.Timeout | undefined;
  /** Only for one that waits: what does not has ended before anything else happens. */
  const watch = (): void => {
    timer = setTimeout(
      () => stop('timed-out', new HttpFailure({ code: 'HTTP-response-timeout' })),
      deadlineMs,
    );
    exchange.onGone(() => stop('gone', new HttpFailure({ code: 'connection-terminated' })));
  };

  const end = (trap?: { readonly error: unknown }): Served => {
    clearTimeout(timer);
    const bodyBytes = response?.body?.writtenBytes ?? 0;
    if (stopped !== undefined) {
      return { status: stopped === 'gone' ? undefined : answered, bodyBytes, ending: stopped };
    }
    stopped = 'gone'; // Nothing that comes from now on matters.
    const fault = received && faultOf(received);
    if (trap !== undefined) {
      const [status, text] = fault ?? [500, messages.broken];
      breakOff(new HttpFailure({ code: 'internal-error', text: 'the guest trapped' }), status, text);
      return { status: answered, bodyBytes, ending: 'trapped', trap: trap.error };
    }
    if (response?.body?.isOpen) response.body.fail(new HttpFailure({ code: 'HTTP-response-incomplete' }));
    else if (answered === undefined) answer(...(fault ?? [502, messages.noResponse]));
    else return { status: answered, bodyBytes, ending: 'answered' };
    return { status: answered, bodyBytes, ending: 'broken-off' };
  };

  try {
    const { handles } = instance.handle.guest;
    const request = handles.insert(
      incomingRequest,
      new ReceivedRequest(exchange, () => (received ??= exchange.receive(heldBytes))),
    );
    const returned = instance.handle.call(request, handles.insert(responseOutparam, { set, drop: () => {} }));
    if (!(returned instanceof Promise)) return end();
    watch();
    return returned.then(
      () => end(),
      (error: unknown) => end({ error }),
    );
  } catch (error) {
    return end({ error });
  }
}

/** What is answered where a guest got no further, or did not begin, since the client's body failed; nothing if it has gone. */
export function faultOf({ outcome }: InboundBody): [status: number, text: string] | undefined {
  if (outcome?.kind !== 'failed') return undefined;
  const { code } = outcome.failure.detail;
  if (code === 'HTTP-request-body-size') return [413, messages.tooLarge];
  return code === 'connection-read-timeout' ? [408, messages.slow] : undefined;
}

/** What a guest asks for is looked at when it does. */
class ReceivedRequest implements IncomingRequest {
  readonly #exchange: Exchange;
  readonly #receive: () => InboundBody;
  #isTaken = false;

  constructor(exchange: Exchange, receive: () => InboundBody) {
    this.#exchange = exchange;
    this.#receive = receive;
  }

  get method(): string {
    return this.#exchange.method;
  }

  get pathWithQuery(): string {
    return this.#exchange.pathWithQuery;
  }

  get scheme(): string | undefined {
    return this.#exchange.scheme;
  }

  get authority(): string | undefined {
    return this.#exchange.authority;
  }

  get headers(): Fields {
    return this.#exchange.headers;
  }

  takeBody(): InboundBody | undefined {
    if (this.#isTaken) return undefined;
    this.#isTaken = true;
    return this.#receive();
  }
}

/**
 * A body that breaks off before any of the response has left becomes a response that says so. A class, since V8 makes a hidden class of its
 * own for each object literal with an accessor, and these keep what they refer to until the old space is collected.
 */
class WithoutHalves implements BodyTarget {
  readonly #reply: Reply;
  readonly #answered: (status: number) => void;

  constructor(reply: Reply, answered: (status: number) => void) {
    this.#reply = reply;
    this.#answered = answered;
  }

  get pendingBytes(): number {
    return this.#reply.pendingBytes;
  }

  write(bytes: Buffer): void {
    this.#reply.write(bytes);
  }

  onDrain(drained: () => void): void {
    this.#reply.onDrain(drained);
  }

  finish(last: Buffer | undefined, trailers: Fields | undefined): void {
    this.#reply.finish(last, trailers);
  }

  abort(failure: HttpFailure): void {
    if (this.#reply.hasLeft) return this.#reply.abort(failure);
    const timedOut = failure.detail.code === 'HTTP-response-timeout';
    this.#answered(timedOut ? 504 : 500);
    this.#reply.answer(timedOut ? 504 : 500, timedOut ? messages.timedOut : messages.broken);
  }
}

/** Bytes of a request's body that wait for the guest. */
const heldBytes = 64 * 1024;

/** What clients are told; nothing of the guest's inside. */
const messages = {
  broken: 'the handler failed',
  length: 'the handler gave a content-length that is not that of its body',
  noResponse: 'the handler gave no response',
  timedOut: 'the handler took too long',
  tooLarge: 'the body is too large',
  slow: 'the body did not come',
} as const;
