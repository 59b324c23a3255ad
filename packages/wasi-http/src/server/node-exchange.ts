import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { createInboundBody, type InboundBody, type InboundWriter } from '../bodies/inbound-body.ts';
import { HttpFailure } from '../types/error-code.ts';
import { type Field, Fields } from '../types/fields.ts';
import type { Exchange, Reply } from './exchange.ts';
import type { BodyLimits } from './limits.ts';

/** A request that Node's server has received. */
export function nodeExchange(
  request: IncomingMessage,
  response: ServerResponse,
  limits: BodyLimits,
): Exchange {
  const headers = Fields.received(request.rawHeaders);
  const chunked = request.headers['transfer-encoding'] !== undefined;
  return {
    method: request.method ?? 'GET',
    pathWithQuery: request.url ?? '/',
    scheme: (request.socket as TLSSocket).encrypted ? 'https' : 'http',
    authority: request.headers.host ?? (request.headers[':authority'] as string | undefined),
    headers,
    bodyLength: chunked ? undefined : (headers.contentLength ?? 0),
    receive: () => receiveBody(request, limits),
    reply: new NodeReply(request, response),
    client: request.socket.remoteAddress,
    onGone(gone) {
      response.once('close', () => {
        if (!response.writableFinished) gone();
      });
    },
  };
}

function receiveBody(request: IncomingMessage, { maxBodyBytes, clientIdleMs }: BodyLimits): InboundBody {
  const ignore = (): void => {
    request.off('data', push);
    request.resume(); // Node reads it to its end, so that the connection can be used again.
  };
  const writer: InboundWriter = createInboundBody(
    { pause: () => request.pause(), resume: () => request.resume(), abort: ignore },
    {
      maxBytes: maxBodyBytes,
      tooLarge: () => new HttpFailure({ code: 'HTTP-request-body-size', size: BigInt(maxBodyBytes) }),
      idleMs: clientIdleMs,
    },
  );
  const push = (chunk: Uint8Array): void => writer.push(chunk);
  const brokeOff = (): void => writer.fail(new HttpFailure({ code: 'connection-terminated' }));
  request.on('data', push);
  request.once('end', () => {
    const { rawTrailers } = request;
    writer.end(rawTrailers.length === 0 ? undefined : Fields.received(rawTrailers));
  });
  request.once('error', brokeOff);
  request.once('close', brokeOff);
  return writer.body;
}

type ReplyState =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'started'; readonly status: number; readonly headers: readonly Field[] }
  | { readonly kind: 'sent' };

class NodeReply implements Reply {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #state: ReplyState = { kind: 'waiting' };

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
  }

  get hasLeft(): boolean {
    return this.#state.kind === 'sent' || this.#response.headersSent;
  }

  start(status: number, headers: readonly Field[]): void {
    this.#state = { kind: 'started', status, headers };
  }

  get pendingBytes(): number {
    return this.#response.writableLength;
  }

  onDrain(drained: () => void): void {
    this.#response.on('drain', drained);
    this.#response.once('close', drained);
  }

  write(bytes: Uint8Array): void {
    this.#sendHead(undefined);
    this.#response.write(bytes);
  }

  finish(last: Uint8Array | undefined, trailers: Fields | undefined): void {
    const hasTrailers = trailers !== undefined && trailers.entries.length > 0;
    this.#sendHead(hasTrailers ? undefined : (last?.length ?? 0));
    if (hasTrailers) this.#response.addTrailers(trailers.entries as [string, string][]);
    if (last === undefined) this.#response.end();
    else this.#response.end(last);
    this.#leaveRest();
  }

  abort(): void {
    this.#state = { kind: 'sent' };
    // What was written may still be on its way; the connection must not look as if the body was complete.
    this.#request.socket.destroy();
  }

  answer(status: number, text: string, headers: readonly Field[] = []): void {
    this.#state = { kind: 'sent' };
    if (this.#response.destroyed) return;
    const body = Buffer.from(`${text}\n`);
    const closes = !this.#request.complete;
    this.#response.writeHead(status, [
      'content-type',
      'text/plain; charset=utf-8',
      'content-length',
      String(body.length),
      ...(closes ? ['connection', 'close'] : []),
      ...headers.flat(),
    ]);
    this.#response.end(this.#request.method === 'HEAD' ? undefined : body);
    this.#leaveRest();
  }

  /** @param length of the whole body, if it is known */
  #sendHead(length: number | undefined): void {
    const state = this.#state;
    if (state.kind !== 'started') return;
    this.#state = { kind: 'sent' };
    const { status, headers } = state;
    const flat: string[] = headers.flat();
    const bare = status === 204 || status === 304 || this.#request.method === 'HEAD';
    const isDeclared = headers.some(([name]) => name === 'content-length');
    if (length !== undefined && !bare && !isDeclared) flat.push('content-length', String(length));
    this.#response.writeHead(status, flat);
  }

  /** A client that still sends what nobody reads does not keep its connection. */
  #leaveRest(): void {
    if (this.#request.complete || this.#request.readableFlowing === true) return;
    this.#request.resume();
  }
}
