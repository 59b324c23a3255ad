import type { Dispatcher } from 'undici';
import { createInboundBody, type InboundBody, type InboundWriter } from '../bodies/inbound-body.ts';
import type { HttpTimeouts } from '../policy/config.ts';
import { HttpFailure } from '../types/error-code.ts';
import { Fields } from '../types/fields.ts';
import type { IncomingResponse, OutgoingRequest } from '../types/resources.ts';
import { failureOf } from './failure-of.ts';
import { requestBody } from './request-body.ts';
import type { RequestTarget } from './request-target.ts';

export interface SendOptions {
  readonly timeouts: HttpTimeouts;
  /** Most bytes of each body. @default no limit */
  readonly maxBodyBytes: number | undefined;
  /** The response's headers are there, or nothing will come; called once. */
  readonly onOutcome: (outcome: SentResponse | HttpFailure) => void;
  /** Nothing of it needs a connection any more; called once. */
  readonly onEnd: () => void;
}

export interface SentResponse extends IncomingResponse {
  /** Drops what comes of it. */
  close(): void;
}

/** One request of a guest and its response. A class, since it is made for each: its objects share one shape. */
export class OutgoingExchange implements Dispatcher.DispatchHandler {
  readonly #request: OutgoingRequest;
  readonly #options: SendOptions;
  #controller: Dispatcher.DispatchController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #incoming: InboundWriter | undefined;
  /** Why it was given up. */
  #givenUp: HttpFailure | undefined;
  #told = false;
  #ended = false;

  constructor(request: OutgoingRequest, options: SendOptions) {
    this.#request = request;
    this.#options = options;
  }

  begin(dispatcher: Dispatcher, { origin, path }: RequestTarget): void {
    const { method, headers, body } = this.#request;
    const { maxBodyBytes, timeouts } = this.#options;
    try {
      const sent = requestBody(body, maxBodyBytes);
      dispatcher.dispatch({ origin, path, method, headers: headersOf(headers), body: sent }, this);
    } catch (error) {
      this.#fail(failureOf(error));
    }
    // With a connection at hand it has started.
    if (this.#controller === undefined && !this.#told) this.#within(timeouts.connectMs, 'connection-timeout');
  }

  /** The guest has no use for the response any more. */
  cancel(failure: HttpFailure): void {
    if (this.#told) return;
    this.#givenUp ??= failure;
    this.#tell(failure);
    this.#controller?.abort(failure);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#givenUp === undefined)
      this.#within(this.#options.timeouts.headersMs, 'connection-read-timeout');
    else controller.abort(this.#givenUp);
  }

  onResponseStart({ rawHeaders }: Dispatcher.DispatchController, status: number): void {
    if (status < 200) return;
    const { timeouts, maxBodyBytes } = this.#options;
    this.#incoming = createInboundBody(this, {
      idleMs: timeouts.bodyIdleMs,
      ...(maxBodyBytes === undefined ? {} : { maxBytes: maxBodyBytes, tooLarge }),
    });
    this.#tell(new ReceivedResponse(status, readFields(rawHeaders), this.#incoming.body));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#incoming?.push(chunk);
  }

  onResponseEnd({ rawTrailers }: Dispatcher.DispatchController): void {
    this.#end();
    const trailers = readFields(rawTrailers);
    this.#incoming?.end(trailers.entries.length === 0 ? undefined : trailers);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(failureOf(error));
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  abort(): void {
    this.#controller?.abort(new HttpFailure({ code: 'connection-terminated' }));
  }

  #within(milliseconds: number, code: 'connection-timeout' | 'connection-read-timeout'): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.cancel(new HttpFailure({ code })), milliseconds);
  }

  #fail(failure: HttpFailure): void {
    this.#end();
    this.#request.body?.fail(failure);
    this.#incoming?.fail(failure);
    this.#tell(failure);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onEnd();
  }

  #tell(outcome: SentResponse | HttpFailure): void {
    if (this.#told) return;
    this.#told = true;
    clearTimeout(this.#timer);
    this.#options.onOutcome(outcome);
  }
}

const tooLarge = (): HttpFailure => new HttpFailure({ code: 'HTTP-response-body-size' });

class ReceivedResponse implements SentResponse {
  readonly status: number;
  readonly headers: Fields;
  readonly #body: InboundBody;
  #taken = false;

  constructor(status: number, headers: Fields, body: InboundBody) {
    this.status = status;
    this.headers = headers;
    this.#body = body;
  }

  takeBody(): InboundBody | undefined {
    if (this.#taken) return undefined;
    this.#taken = true;
    return this.#body;
  }

  close(): void {
    this.#body.close();
  }
}

/** Host and connection headers are undici's; a guest cannot make them. */
function headersOf(fields: Fields): string[] {
  const flat: string[] = [];
  for (const [name, value] of fields.entries) if (name !== 'expect') flat.push(name, value);
  return flat;
}

function readFields(raw: Dispatcher.DispatchController['rawHeaders']): Fields {
  const parts: readonly (Buffer | string)[] = Array.isArray(raw) ? raw : [];
  return Fields.received(parts.map((part) => (typeof part === 'string' ? part : part.toString('latin1'))));
}
