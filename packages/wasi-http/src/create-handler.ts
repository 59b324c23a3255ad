import { denyAll, type EgressPolicy } from '@wasmlet/egress';
import { openComponent, type OpenComponentOptions } from '@wasmlet/wasm-runtime/host';
import { createOutgoingHandler } from './outgoing/outgoing-handler.ts';
import { defaultTimeouts, type HttpTimeouts } from './policy/config.ts';
import type { RequestRecord } from './server/engine.ts';
import type { HandlerLimits } from './server/limits.ts';
import { type Handler, openHandler } from './server/open-handler.ts';

export type { Handler } from './server/open-handler.ts';

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

/**
 * Makes a component with `wasi:http/incoming-handler` answer requests.
 *
 * @throws {@link HandlerError} for options that cannot be, and the runtime's `RuntimeError` for a component that it cannot
 * link. A component without handler is only found at the first request, which is answered with 500.
 */
export function createHandler(component: Uint8Array, options: HandlerOptions = {}): Handler {
  const { reuse = 1, waiting = 'suspend', onRequest, limits = {} } = options;
  const { egress = denyAll, outgoingTimeouts, onDenied, ...wasi } = options;
  const outgoing = createOutgoingHandler({
    policy: egress,
    timeouts: { ...defaultTimeouts, ...outgoingTimeouts },
    maxRequests: maxOutgoingRequests,
    onDenied: (denial) => onDenied?.(denial.host),
  });
  const handler = openHandler({
    open: (http) =>
      openComponent(component, {
        ...wasi,
        hosts: (own) => [...own, http, outgoing.interface],
        waiting,
        longLived: reuse > 1,
      }),
    limits,
    reuse,
    waiting,
    onRequest,
  });
  return {
    ...handler,
    async [Symbol.asyncDispose]() {
      await handler[Symbol.asyncDispose]();
      await outgoing.close();
    },
  };
}

const maxOutgoingRequests = 1_024;
