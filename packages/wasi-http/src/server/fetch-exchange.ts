import { createInboundBody, type InboundBody } from '../bodies/inbound-body.ts';
import { HttpFailure } from '../types/error-code.ts';
import { type Field, Fields } from '../types/fields.ts';
import type { Exchange, Reply } from './exchange.ts';
import type { BodyLimits } from './limits.ts';

/** A web request, and the response that is given for it. */
export function fetchExchange(
  request: Request,
  limits: BodyLimits,
): { readonly exchange: Exchange; readonly response: Promise<Response> } {
  const url = new URL(request.url);
  const reply = new WebReply(request.method);
  const headers = Fields.received([...request.headers].flat());
  return {
    response: reply.response,
    exchange: {
      method: request.method,
      pathWithQuery: url.pathname + url.search,
      scheme: url.protocol === 'https:' ? 'https' : 'http',
      authority: url.host,
      headers,
      headerBytes: headers.entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0),
      isMalformed: false,
      bodyLength: request.body === null ? 0 : headers.contentLength,
      receive: (holdBytes) => receiveBody(request, limits, holdBytes),
      reply,
      client: undefined,
      onGone(gone) {
        reply.onCancel = gone;
        request.signal.addEventListener('abort', gone, { once: true });
      },
    },
  };
}

function receiveBody({ body }: Request, { maxBodyBytes }: BodyLimits, holdBytes: number): InboundBody {
  const reader = body?.getReader();
  let resume = Promise.withResolvers<void>();
  resume.resolve();
  const writer = createInboundBody(
    {
      pause: () => void (resume = Promise.withResolvers()),
      resume: () => resume.resolve(),
      abort: () => void reader?.cancel().catch(() => {}),
    },
    {
      maxBytes: maxBodyBytes,
      tooLarge: () => new HttpFailure({ code: 'HTTP-request-body-size', size: BigInt(maxBodyBytes) }),
      holdBytes,
    },
  );
  const pump = async (): Promise<void> => {
    for (;;) {
      await resume.promise;
      const part = await reader?.read();
      if (part === undefined || part.done) return writer.end();
      writer.push(part.value);
    }
  };
  pump().catch((cause: unknown) =>
    writer.fail(new HttpFailure({ code: 'connection-terminated' }, { cause })),
  );
  return writer.body;
}

class WebReply implements Reply {
  readonly response: Promise<Response>;
  onCancel: () => void = () => {};
  readonly #method: string;
  readonly #resolve: (response: Response) => void;
  #head: { readonly status: number; readonly headers: readonly Field[] } | undefined;
  #sink: ReadableStreamDefaultController<Uint8Array> | undefined;
  #pending = 0;
  #drained: () => void = () => {};
  hasLeft = false;

  constructor(method: string) {
    this.#method = method;
    const { promise, resolve } = Promise.withResolvers<Response>();
    this.response = promise;
    this.#resolve = resolve;
  }

  start(status: number, headers: readonly Field[]): void {
    this.#head = { status, headers };
  }

  get pendingBytes(): number {
    return this.#pending;
  }

  onDrain(drained: () => void): void {
    this.#drained = drained;
  }

  write(bytes: Buffer): void {
    this.#open();
    this.#pending += bytes.length;
    this.#sink?.enqueue(new Uint8Array(bytes)); // not a view of Node's pool
  }

  finish(last: Buffer | undefined): void {
    if (last !== undefined) this.write(last);
    this.#open();
    this.#sink?.close();
  }

  abort(failure: HttpFailure): void {
    this.#open();
    this.#sink?.error(failure);
  }

  answer(status: number, text: string, headers: readonly Field[] = []): void {
    this.hasLeft = true;
    const all = new Headers([
      ['content-type', 'text/plain; charset=utf-8'],
      ...(headers as [string, string][]),
    ]);
    this.#resolve(new Response(this.#method === 'HEAD' ? null : `${text}\n`, { status, headers: all }));
  }

  #open(): void {
    if (this.hasLeft || this.#head === undefined) return;
    this.hasLeft = true;
    const { headers } = this.#head;
    // A guest's may be any number of three digits; one that is none of HTTP's counts as an error of the server.
    const status = this.#head.status > highestStatus ? 500 : this.#head.status;
    const bare = this.#method === 'HEAD' || status === 204 || status === 205 || status === 304;
    const body = bare ? null : this.#createBody();
    this.#resolve(new Response(body, { status, headers: headers as [string, string][] }));
  }

  #createBody(): ReadableStream<Uint8Array> {
    return new ReadableStream(
      {
        start: (sink) => void (this.#sink = sink),
        pull: (sink) => {
          this.#pending = Math.max(0, maxQueuedBytes - (sink.desiredSize ?? 0));
          this.#drained();
        },
        cancel: () => {
          this.#sink = undefined;
          this.onCancel();
        },
      },
      { highWaterMark: maxQueuedBytes, size: (chunk) => chunk.length },
    );
  }
}

const maxQueuedBytes = 64 * 1024;
const highestStatus = 599;
