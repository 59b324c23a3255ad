import type { EgressGuard } from '@wasmlet/egress';
import type { Dispatcher } from 'undici';
import Agent from 'undici/lib/dispatcher/agent.js';
import { createInboundBody, type InboundBody, type InboundWriter } from '../bodies/inbound-body.ts';
import { createConnector } from '../client/connector.ts';
import type { HttpTimeouts } from '../policy/config.ts';
import { HttpFailure } from '../types/error-code.ts';
import { Fields } from '../types/fields.ts';
import type { IncomingResponse, OutgoingRequest } from '../types/resources.ts';
import { failureOf } from './failure-of.ts';
import { requestBody } from './request-body.ts';
import type { RequestTarget } from './request-target.ts';

export interface OutgoingClient {
  /** Sends a request. Rejects with {@link HttpFailure}, or the signal's reason. */
  send(request: OutgoingRequest, target: RequestTarget, options: SendOptions): Promise<SentResponse>;
  destroy(): Promise<void>;
}

export interface SendOptions {
  readonly timeouts: HttpTimeouts;
  /** Most bytes of each body. @default no limit */
  readonly maxBodyBytes: number | undefined;
  readonly signal: AbortSignal;
  /** Nothing of it needs a connection any more; called once. */
  readonly onEnd: () => void;
}

export interface SentResponse extends IncomingResponse {
  /** Drops what comes of it. */
  close(): void;
}

/** Largest block of response headers. */
const maxHeaderBytes = 64 * 1024;

/** Longest that a server may have an unused connection kept. */
const maxIdleMs = 60_000;

/** A client of one guest, with connections of its own, which go only where the guard lets them. */
export function createOutgoingClient(guard: EgressGuard, connectMs: number): OutgoingClient {
  const agent = new Agent({
    connect: createConnector(guard, connectMs),
    allowH2: false,
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: 0, // each request has its own
    bodyTimeout: 0,
    keepAliveMaxTimeout: maxIdleMs,
  });
  return {
    send: (request, target, options) => exchange(agent, request, target, options),
    destroy: () => agent.destroy(),
  };
}

async function exchange(
  agent: Dispatcher,
  request: OutgoingRequest,
  { origin, path }: RequestTarget,
  { timeouts, maxBodyBytes, signal, onEnd }: SendOptions,
): Promise<SentResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<SentResponse>();
  let controller: Dispatcher.DispatchController | undefined;
  let given: unknown;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let incoming: InboundWriter | undefined;

  const giveUp = (reason: unknown): void => {
    given ??= reason;
    clearTimeout(timer);
    reject(reason);
    controller?.abort(failureOf(reason));
  };
  const within = (milliseconds: number, code: 'connection-timeout' | 'connection-read-timeout'): void => {
    clearTimeout(timer);
    timer = setTimeout(() => giveUp(new HttpFailure({ code })), milliseconds);
  };
  const abort = (): void => giveUp(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const begun = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  };

  within(timeouts.connectMs, 'connection-timeout');
  agent.dispatch(
    {
      origin,
      path,
      method: request.method,
      headers: headersOf(request.headers),
      body: requestBody(request.body, maxBodyBytes),
    },
    {
      onRequestStart(started) {
        controller = started;
        if (given === undefined) within(timeouts.headersMs, 'connection-read-timeout');
        else started.abort(failureOf(given));
      },
      onResponseStart({ rawHeaders }, status) {
        if (status < 200) return;
        begun();
        incoming = createInboundBody(
          {
            pause: () => controller?.pause(),
            resume: () => controller?.resume(),
            abort: () => controller?.abort(new HttpFailure({ code: 'connection-terminated' })),
          },
          {
            idleMs: timeouts.bodyIdleMs,
            ...(maxBodyBytes === undefined ? {} : { maxBytes: maxBodyBytes, tooLarge }),
          },
        );
        resolve(responseOf(status, readFields(rawHeaders), incoming.body));
      },
      onResponseData: (_controller, chunk) => incoming?.push(chunk),
      onResponseEnd({ rawTrailers }) {
        onEnd();
        const trailers = readFields(rawTrailers);
        incoming?.end(trailers.entries.length === 0 ? undefined : trailers);
      },
      onResponseError(_controller, error) {
        begun();
        onEnd();
        const failure = failureOf(error);
        request.body?.fail(failure);
        incoming?.fail(failure);
        reject(failure);
      },
    },
  );
  return promise;
}

const tooLarge = (): HttpFailure => new HttpFailure({ code: 'HTTP-response-body-size' });

function responseOf(status: number, headers: Fields, body: InboundBody): SentResponse {
  let taken = false;
  return {
    status,
    headers,
    takeBody() {
      if (taken) return undefined;
      taken = true;
      return body;
    },
    close: () => body.close(),
  };
}

/** Host and connection headers are undici's; a guest cannot make them. */
function headersOf(fields: Fields): string[] {
  return fields.entries.filter(([name]) => name !== 'expect').flat();
}

function readFields(raw: Dispatcher.DispatchController['rawHeaders']): Fields {
  const parts: readonly (Buffer | string)[] = Array.isArray(raw) ? raw : [];
  return Fields.received(parts.map((part) => (typeof part === 'string' ? part : part.toString('latin1'))));
}
