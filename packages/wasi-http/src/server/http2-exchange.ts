import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { InboundBody } from '../bodies/inbound-body.ts';
import { receiveStream } from '../bodies/receive-stream.ts';
import { Fields } from '../types/fields.ts';
import type { Exchange } from './exchange.ts';
import { Http2Reply } from './http2-reply.ts';
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
    let trailers: Fields | undefined;
    this.#stream.once('trailers', (received: Headers) => {
      trailers = fieldsOf(received);
    });
    return receiveStream(this.#stream, { ...this.#limits, holdBytes, trailers: () => trailers });
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

function fieldsOf(headers: Headers): Fields {
  const raw = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((one) => [name, one]),
  );
  return Fields.received(raw);
}
