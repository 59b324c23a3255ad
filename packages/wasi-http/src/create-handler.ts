import type { IncomingMessage, ServerResponse } from 'node:http';
import { denyAll, type EgressPolicy } from '@wasmlet/egress';
import { openComponent, type OpenComponentOptions } from '@wasmlet/wasm-runtime/host';
import { createOutgoingHandler } from './outgoing/outgoing-handler.ts';
import { defaultTimeouts, type HttpTimeouts } from './policy/config.ts';
import { componentProgram } from './server/component-program.ts';
import type { HandlerStats } from './server/counters.ts';
import { createEngine, type RequestRecord } from './server/engine.ts';
import { fetchExchange } from './server/fetch-exchange.ts';
import { type HandlerLimits, handlerLimits } from './server/limits.ts';
import { nodeExchange } from './server/node-exchange.ts';
import { httpTypes } from './types/http-types.ts';

export interface HandlerOptions
  extends Pick<OpenComponentOptions, 'args' | 'env' | 'mounts' | 'stdout' | 'stderr' | 'memoryBytes'> {
  readonly limits?: Partial<HandlerLimits>;
  /**
   * Requests that one instance answers, one after the other. With more than 1 a request may see what earlier ones have left in
   * the component's memory. @default 1: an instance for each request
   */
  readonly reuse?: number;
  /**
   * How the component waits. `sync` is faster, for one that waits for nothing but its own response to be taken: a request's
   * body is received whole before, and its response held (each at most 16 MiB). @default 'suspend'
   */
  readonly waiting?: 'sync' | 'suspend';
  /** Where the component may send requests. @default nowhere */
  readonly egress?: EgressPolicy;
  /** The longest of each for the requests that it sends; its own are shorter. */
  readonly outgoingTimeouts?: Partial<HttpTimeouts>;
  /** Is told the host of each request that `egress` does not allow. */
  readonly onDenied?: (host: string) => void;
  /** Is told of each request at its end: the access log. */
  readonly onRequest?: (record: RequestRecord) => void;
}

/** A component that answers HTTP requests, in this process. */
export interface Handler extends AsyncDisposable {
  /** For `node:http`, `node:https` and what takes their listeners. */
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void;
  /** For web requests. Rejects only for a request whose body was read before. */
  readonly fetch: (request: Request) => Promise<Response>;
  stats(): HandlerStats;
  /** Takes no more requests (503); resolves when those that run have ended. */
  drain(): Promise<void>;
}

/**
 * Makes a component with `wasi:http/incoming-handler` answer requests.
 *
 * @throws {@link HandlerError} for options that cannot be, and the runtime's `RuntimeError` for a component that it cannot
 * link. A component without handler is only found at the first request, which is answered with 500.
 */
export function createHandler(component: Uint8Array, options: HandlerOptions = {}): Handler {
  const { reuse = 1, waiting = 'suspend', onRequest, limits: asked = {} } = options;
  const { egress = denyAll, outgoingTimeouts, onDenied, ...wasi } = options;
  const limits = handlerLimits(
    waiting === 'sync'
      ? { ...asked, maxBodyBytes: Math.min(asked.maxBodyBytes ?? Infinity, maxSyncBytes) }
      : asked,
  );
  const http = httpTypes({
    maxPendingBytes: () => (waiting === 'sync' ? maxSyncBytes : maxPendingBytes),
    clientIdleMs: limits.clientIdleMs,
  });
  const outgoing = createOutgoingHandler({
    policy: egress,
    timeouts: { ...defaultTimeouts, ...outgoingTimeouts },
    maxRequests: maxOutgoingRequests,
    onDenied,
  });
  const opened = openComponent(component, {
    ...wasi,
    hosts: (own) => [...own, http, outgoing.interface],
    waiting,
    longLived: reuse > 1,
  });
  const program = componentProgram(opened, waiting);
  const engine = createEngine({ program, limits, maxUses: reuse, onRequest });
  const drain = (): Promise<void> => engine.drain();
  return {
    listener: (request, response) => void engine.serve(nodeExchange(request, response, limits)),
    fetch: (request) => {
      const { exchange, response } = fetchExchange(request, limits);
      void engine.serve(exchange);
      return response;
    },
    stats: () => engine.stats(),
    drain,
    async [Symbol.asyncDispose]() {
      await drain();
      opened.close();
      await outgoing.close();
    },
  };
}

/** Of a response, while the guest can wait for the client. */
const maxPendingBytes = 128 * 1024;
const maxOutgoingRequests = 1_024;
const maxSyncBytes = 16 * 1024 * 1024;
