import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { createInboundBody, type InboundBody, type InboundWriter } from '../bodies/inbound-body.ts';
import { HttpFailure } from '../types/error-code.ts';
import { type Field, Fields } from '../types/fields.ts';
import type { Exchange, Reply, ReplyState } from './exchange.ts';
import type { BodyLimits } from './limits.ts';

type Headers = Readonly<NodeJS.Dict<string | string[]>>;

/** A request that came by HTTP/2. */
export function http2Exchange(
  stream: ServerHttp2Stream,
  headers: Headers,
  rawHeaders: readonly string[],
  limits: BodyLimits,
): Exchange {
  return new Http2Exchange(stream, headers, rawHeaders, limits);
}

class Http2Exchange implements Exchange {
  readonly method: string;
  readonly pathWithQuery: string;
  readonly authority: string | undefined;
  readonly headerBytes: number;
  readonly isMalformed: boolean;
  readonly bodyLength: number | undefined;
  readonly reply: Http2Reply;
  readonly client: string | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #session: Http2Session | undefined;
  readonly #head: Headers;
  readonly #fields: readonly string[];
  readonly #limits: BodyLimits;
  #headers: Fields | undefined;

  constructor(stream: ServerHttp2Stream, head: Headers, rawHeaders: readonly string[], limits: BodyLimits) {
    this.#stream = stream;
    this.#head = head;
    this.#limits = limits;
    this.#fields = withoutPseudo(rawHeaders);
    const { host } = head;
    const [path, authority] = [head[':path'], head[':authority'] ?? host];
    this.method = String(head[':method']);
    this.pathWithQuery = typeof path === 'string' ? path : '/';
    this.authority = typeof authority === 'string' ? authority : undefined;
    this.headerBytes = this.#fields.reduce((sum, text) => sum + text.length, 0);
    // Of a CONNECT there is no path: no component is a proxy.
    this.isMalformed = typeof path !== 'string' || (host !== undefined && host !== authority);
    this.bodyLength = lengthOf(stream, head);
    this.#session = stream.session;
    this.client = stream.session?.socket.remoteAddress; // gone with the session
    this.reply = new Http2Reply(stream, this.method);
    stream.on('error', () => {}); // `close` tells
    // Only what has been read to its end is closed.
    if (stream.endAfterHeaders || stream.aborted) stream.resume();
    stream.once('aborted', () => stream.resume());
  }

  get scheme(): 'http' | 'https' {
    return (this.#stream.session?.socket as TLSSocket | undefined)?.encrypted ? 'https' : 'http';
  }

  get headers(): Fields {
    this.#headers ??= Fields.received(this.#fields);
    return this.#headers;
  }

  receive(holdBytes: number): InboundBody {
    const { expect } = this.#head;
    if (
      typeof expect === 'string' &&
      expect.toLowerCase() === '100-continue' &&
      !this.#stream.headersSent &&
      !this.#stream.closed
    )
      this.#stream.additionalHeaders({ ':status': 100 });
    return receiveBody(this.#stream, { ...this.#limits, holdBytes });
  }

  onGone(gone: () => void): void {
    // Its end may have come in one piece with its beginning.
    if (this.#stream.aborted || this.#stream.destroyed) return queueMicrotask(gone);
    this.#stream.once('aborted', gone);
    this.#stream.once('close', () => {
      if (this.reply.isFinished) return;
      if (this.#stream.rstCode !== 0) return gone();
      // Its answer has no body, and the guest goes on.
      this.#session?.once('close', gone);
      this.reply.onFinished = () => void this.#session?.off('close', gone);
    });
  }
}

function withoutPseudo(raw: readonly string[]): readonly string[] {
  const fields: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] as string;
    if (!name.startsWith(':')) fields.push(name, raw[index + 1] as string);
  }
  return fields;
}

function lengthOf({ endAfterHeaders }: ServerHttp2Stream, head: Headers): number | undefined {
  if (endAfterHeaders) return 0;
  const length = head['content-length'];
  return typeof length === 'string' ? Number(length) : undefined; // a session refuses what is no number
}

function receiveBody(
  stream: ServerHttp2Stream,
  { maxBodyBytes, clientIdleMs, holdBytes }: BodyLimits & { readonly holdBytes: number },
): InboundBody {
  const ignore = (): void => {
    stream.off('data', push);
    stream.resume(); // The session's window is for all its streams.
  };
  const writer: InboundWriter = createInboundBody(
    { pause: () => stream.pause(), resume: () => stream.resume(), abort: ignore },
    {
      maxBytes: maxBodyBytes,
      tooLarge: () => new HttpFailure({ code: 'HTTP-request-body-size', size: BigInt(maxBodyBytes) }),
      idleMs: clientIdleMs,
      holdBytes,
    },
  );
  let trailers: Fields | undefined;
  const push = (chunk: Uint8Array): void => writer.push(chunk);
  const brokeOff = (): void => writer.fail(new HttpFailure({ code: 'connection-terminated' }));
  stream.on('data', push);
  stream.once('trailers', (received: Headers) => {
    trailers = Fields.received(
      Object.entries(received).flatMap(([name, value]) => [value ?? []].flat().flatMap((one) => [name, one])),
    );
  });
  stream.once('aborted', brokeOff);
  stream.once('close', brokeOff);
  stream.once('end', () => {
    if (!stream.aborted) writer.end(trailers);
  });
  return writer.body;
}

class Http2Reply implements Reply {
  readonly #stream: ServerHttp2Stream;
  readonly #method: string;
  #isBare = false;
  /** Whether the guest has done with it. */
  isFinished = false;
  onFinished: () => void = () => {};
  #trailers: Fields | undefined;
  #state: ReplyState = { kind: 'waiting' };

  constructor(stream: ServerHttp2Stream, method: string) {
    this.#stream = stream;
    this.#method = method;
  }

  get hasLeft(): boolean {
    return this.#state.kind === 'sent' || this.#stream.headersSent;
  }

  start(status: number, headers: readonly Field[]): void {
    this.#state = { kind: 'started', status, headers };
  }

  get pendingBytes(): number {
    return this.#stream.writableLength;
  }

  onDrain(drained: () => void): void {
    this.#stream.on('drain', drained);
    this.#stream.once('close', drained);
  }

  write(bytes: Buffer): void {
    this.#sendHead(undefined);
    if (!this.#isBare && !this.#isGone) this.#stream.write(bytes);
  }

  finish(last: Buffer | undefined, trailers: Fields | undefined): void {
    this.#setFinished();
    this.#trailers = trailers;
    const hasTrailers = trailers !== undefined && trailers.entries.length > 0;
    this.#sendHead(hasTrailers ? undefined : (last?.length ?? 0));
    if (this.#isGone) return;
    if (last === undefined || this.#isBare) this.#stream.end();
    else this.#stream.end(last);
    this.#refuseRest();
  }

  abort(): void {
    this.#setFinished();
    this.#state = { kind: 'sent' };
    this.#stream.close(internalError);
    this.#stream.resume();
  }

  answer(status: number, text: string, headers: readonly Field[] = []): void {
    this.#setFinished();
    this.#state = { kind: 'sent' };
    if (this.#isGone) return;
    const body = Buffer.from(`${text}\n`);
    const isBare = this.#method === 'HEAD';
    this.#stream.respond(
      {
        ':status': status,
        'content-type': 'text/plain; charset=utf-8',
        'content-length': body.length,
        ...Object.fromEntries(headers),
      },
      { endStream: isBare },
    );
    if (!isBare) this.#stream.end(body);
    this.#refuseRest();
  }

  #setFinished(): void {
    this.isFinished = true;
    this.onFinished();
  }

  /** It has been reset, or its connection is gone: Node throws for what is said on it. */
  get #isGone(): boolean {
    return this.#stream.closed || this.#stream.destroyed;
  }

  /** A client that is still sending need not go on, once it has the whole answer. */
  #refuseRest(): void {
    if (this.#stream.readableEnded || this.#stream.endAfterHeaders) return;
    const refuse = (): void => {
      if (!this.#stream.readableEnded) this.#stream.close(noError);
      this.#stream.resume();
    };
    if (this.#stream.writableFinished) refuse();
    else this.#stream.once('finish', refuse);
  }

  /** @param length of the whole body, if it is known */
  #sendHead(length: number | undefined): void {
    const state = this.#state;
    if (state.kind !== 'started') return;
    this.#state = { kind: 'sent' };
    if (this.#isGone) return;
    // A guest's may be any number of three digits; one that is none of HTTP's counts as an error of the server.
    const status = state.status > highestStatus ? 500 : state.status;
    const isEmpty = status === 204 || status === 205 || status === 304;
    this.#isBare = isEmpty || this.#method === 'HEAD';
    const fields = joined(state.headers);
    if (length !== undefined && !this.#isBare && fields['content-length'] === undefined)
      fields['content-length'] = String(length);
    const waitForTrailers = length === undefined && !this.#isBare;
    if (waitForTrailers) this.#stream.once('wantTrailers', () => this.#sendTrailers());
    this.#stream.respond({ ':status': status, ...fields }, { endStream: this.#isBare, waitForTrailers });
  }

  /** The body has gone; what waits for trailers does not end without them. */
  #sendTrailers(): void {
    if (!this.#isGone) this.#stream.sendTrailers(joined(this.#trailers?.entries ?? []));
  }
}

/**
 * Fields of one name as one, as RFC 9110, section 5.3 has it: Node refuses several of most names. Space around a value is none of
 * it, and clients drop a field that has some (RFC 9113, section 8.2.1).
 */
function joined(entries: readonly Field[]): Record<string, string | string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of entries) {
    if (!notInHttp2.has(name)) values.set(name, [...(values.get(name) ?? []), trimmed(value)]);
  }
  return Object.fromEntries(
    [...values].map(([name, all]) => [name, name === 'set-cookie' ? all : trimmed(all.join(', '))]),
  );
}

function trimmed(value: string): string {
  return value.replace(/^[ \t]+|[ \t]+$/g, '');
}

/** What a guest may set and HTTP/2 does not have (RFC 9113, section 8.2.2). */
export const notInHttp2: ReadonlySet<string> = new Set(['te', 'expect']);

const noError = 0;
const internalError = 2;
const highestStatus = 599;
