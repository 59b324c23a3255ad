import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HostInterface, OpenComponent } from '@wasmlet/wasm-runtime/host';
import { httpTypes } from '../types/http-types.ts';
import { componentProgram } from './component-program.ts';
import type { HandlerStats } from './counters.ts';
import { createEngine, type RequestRecord } from './engine.ts';
import { fetchExchange } from './fetch-exchange.ts';
import { type HandlerLimits, handlerLimits } from './limits.ts';
import { http2Exchange } from './http2-exchange.ts';
import type { StreamListener } from './http2-sessions.ts';
import { nodeExchange } from './node-exchange.ts';

/** A component that answers HTTP requests, in this process. */
export interface Handler extends AsyncDisposable {
  /** For `node:http`, `node:https` and what takes their listeners. */
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void;
  /** For the event `stream` of servers of `node:http2`. */
  readonly stream: StreamListener;
  /** For web requests. Rejects only for a request whose body was read before. */
  readonly fetch: (request: Request) => Promise<Response>;
  stats(): HandlerStats;
  /** Takes no more requests (503); resolves when those that run have ended. */
  drain(): Promise<void>;
}

/** What a handler is made of. */
export interface HandlerParts {
  /** Joins the component to this interface and to all others that it has. */
  readonly open: (http: HostInterface) => OpenComponent;
  readonly limits: Partial<HandlerLimits>;
  /** Requests that one instance answers. */
  readonly reuse: number;
  readonly waiting: 'sync' | 'suspend';
  readonly onRequest: ((record: RequestRecord) => void) | undefined;
}

/** Makes a component answer requests. Disposing it drains it, and closes the component. Throws as `open` does. */
export function openHandler({ open, limits: asked, reuse, waiting, onRequest }: HandlerParts): Handler {
  const limits = handlerLimits(
    waiting === 'sync'
      ? { ...asked, maxBodyBytes: Math.min(asked.maxBodyBytes ?? Infinity, maxSyncBytes) }
      : asked,
  );
  const http = httpTypes({
    maxPendingBytes: () => (waiting === 'sync' ? maxSyncBytes : maxPendingBytes),
    clientIdleMs: limits.clientIdleMs,
  });
  const component = open(http);
  const program = componentProgram(component, waiting);
  const engine = createEngine({ program, limits, maxUses: reuse, onRequest });
  return {
    listener: (request, response) => void engine.serve(nodeExchange(request, response, limits)),
    stream: (stream, headers, _flags, rawHeaders) =>
      void engine.serve(http2Exchange(stream, headers, rawHeaders, limits)),
    fetch: (request) => {
      const { exchange, response } = fetchExchange(request, limits);
      void engine.serve(exchange);
      return response;
    },
    stats: () => engine.stats(),
    drain: () => engine.drain(),
    async [Symbol.asyncDispose]() {
      await engine.drain();
      component.close();
    },
  };
}

/** Of a response, while the guest can wait for the client. */
const maxPendingBytes = 128 * 1024;
const maxSyncBytes = 16 * 1024 * 1024;
