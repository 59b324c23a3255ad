import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { InboundBody } from '../bodies/inbound-body.ts';
import { receiveStream } from '../bodies/receive-stream.ts';
import type { HttpFailure } from '../types/error-code.ts';
import { type Field, Fields } from '../types/fields.ts';
import type { Exchange, Reply, ReplyState } from './exchange.ts';
import type { BodyLimits } from './limits.ts';

/** A request that Node's server has received. */
export function nodeExchange(
  request: IncomingMessage,
  response: ServerResponse,
  limits: BodyLimits,
): Exchange {
  return new NodeExchange(request, response, limits);
}

class NodeExchange implements Exchange {
  readonly method: string;
  readonly pathWithQuery: string;
  readonly headerBytes: number;
  readonly isMalformed: boolean;
  readonly bodyLength: number | undefined;
  readonly reply: Reply;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #limits: BodyLimits;
  #headers: Fields | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, limits: BodyLimits) {
    this.#request = request;
    this.#response = response;
    this.#limits = limits;
    this.method = request.method ?? 'GET';
    this.pathWithQuery = request.url ?? '/';
    const { hosts, bytes } = measure(request.rawHeaders);
    this.headerBytes = bytes;
    // Node takes a line without version for one of HTTP/0.9, also with headers behind it.
    this.isMalformed = hosts > 1 || request.httpVersionMajor < 1;
    this.bodyLength = lengthOf(request);
    this.reply = new NodeReply(request, response, this.bodyLength !== 0);
  }

  get scheme(): 'http' | 'https' {
    return (this.#request.socket as TLSSocket).encrypted ? 'https' : 'http';
  }

  get authority(): string | undefined {
    const { headers } = this.#request;
    return headers.host ?? (headers[':authority'] as string | undefined);
  }

  get headers(): Fields {
    this.#headers ??= Fields.received(this.#request.rawHeaders);
    return this.#headers;
  }

  get client(): string | undefined {
    return this.#request.socket.remoteAddress;
  }

  receive(holdBytes: number): InboundBody {
    if (this.#request.headers.expect?.toLowerCase() === '100-continue') this.#response.writeContinue();
    return receiveStream(this.#request, {
      ...this.#limits,
      holdBytes,
      trailers: () => trailersOf(this.#request),
    });
  }

  onGone(gone: () => void): void {
    this.#response.once('close', () => {
      if (!this.#response.writableFinished) gone();
    });
  }
}

function lengthOf({ headers }: IncomingMessage): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined;
  const length = headers['content-length'];
  return length === undefined ? 0 : Number(length); // Node refuses several, and what is no number
}

function measure(raw: readonly string[]): { readonly hosts: number; readonly bytes: number } {
  let hosts = 0; // Node takes the first of several.
  let bytes = 0;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    bytes += name.length + (raw[index + 1] as string).length;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return { hosts, bytes };
}

function trailersOf({ rawTrailers }: IncomingMessage): Fields | undefined {
  return rawTrailers.length === 0 ? undefined : Fields.received(rawTrailers);
}

class NodeReply implements Reply {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #hasBody: boolean;
  #hasLength = false;
  #state: ReplyState = { kind: 'waiting' };

  /** @param hasBody whether the request has one, which the client may still be sending at the end */
  constructor(request: IncomingMessage, response: ServerResponse, hasBody: boolean) {
    this.#hasBody = hasBody;
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

  write(bytes: Buffer): void {
    this.#sendHead(undefined);
    this.#response.write(bytes);
  }

  finish(last: Buffer | undefined, trailers: Fields | undefined): void {
    const hasTrailers = trailers !== undefined && trailers.entries.length > 0;
    this.#sendHead(hasTrailers ? undefined : (last?.length ?? 0));
    if (hasTrailers) this.#response.addTrailers(trailers.entries as [string, string][]);
    if (last === undefined) this.#response.end();
    else if (last.length <= oneWriteBytes)
      this.#response.end(last.toString('latin1'), 'latin1'); // one piece with its head
    else this.#response.end(last);
  }

  abort({ detail }: HttpFailure): void {
    this.#state = { kind: 'sent' };
    const { socket } = this.#request;
    const isFramed = this.#response.chunkedEncoding || this.#hasLength;
    // The client is not to believe that the body is complete: it misses the last chunk, or bytes, or gets a reset.
    if (!isFramed) socket.resetAndDestroy();
    else if (/^connection-|-timeout$/.test(detail.code)) socket.destroy();
    else setImmediate(() => socket.destroySoon()); // What was written before still arrives.
  }

  answer(status: number, text: string, headers: readonly Field[] = []): void {
    this.#state = { kind: 'sent' };
    if (this.#response.destroyed) return;
    const body = Buffer.from(`${text}\n`);
    const closes = status === 400 || (this.#hasBody && !this.#request.complete);
    this.#response.writeHead(status, [
      'content-type',
      'text/plain; charset=utf-8',
      'content-length',
      String(body.length),
      ...(closes ? ['connection', 'close'] : []),
      ...headers.flat(),
    ]);
    this.#response.end(this.#request.method === 'HEAD' ? undefined : body);
  }

  /** @param length of the whole body, if it is known */
  #sendHead(length: number | undefined): void {
    const state = this.#state;
    if (state.kind !== 'started') return;
    this.#state = { kind: 'sent' };
    const { status, headers } = state;
    const flat: string[] = [];
    const isDeclared = headers.some(([name]) => name === 'content-length');
    const bare = status === 204 || status === 304 || this.#request.method === 'HEAD';
    this.#hasLength = isDeclared || length !== undefined;
    const isChunked = !this.#hasLength && !bare && this.#response.useChunkedEncodingByDefault;
    for (const [name, value] of headers) {
      // Node throws for a `trailer` where none can follow, and sends all that is with an `expect` as UTF-8.
      if (name === 'trailer' ? isChunked : name !== 'expect') flat.push(name, value);
    }
    if (length !== undefined && !bare && !isDeclared) flat.push('content-length', String(length));
    this.#response.writeHead(status, flat);
  }
}

/** Above, copying costs more than a second piece. */
const oneWriteBytes = 8 * 1024;
