import type { ServerHttp2Stream } from 'node:http2';
import type { Field, Fields } from '../types/fields.ts';
import type { Reply, ReplyState } from './exchange.ts';

/** The way back to a client that speaks HTTP/2. */
export class Http2Reply implements Reply {
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
