import type { EgressGuard } from '@wasmlet/egress';
import Agent from 'undici/lib/dispatcher/agent.js';
import { createConnector } from '../client/connector.ts';
import type { OutgoingRequest } from '../types/resources.ts';
import { OutgoingExchange, type SendOptions } from './outgoing-exchange.ts';
import type { RequestTarget } from './request-target.ts';

export interface OutgoingClient {
  /** Sends a request. How it came out is told once to `options.onOutcome`. */
  send(request: OutgoingRequest, target: RequestTarget, options: SendOptions): OutgoingExchange;
  destroy(): Promise<void>;
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
    send(request, target, options) {
      const exchange = new OutgoingExchange(request, options);
      exchange.begin(agent, target);
      return exchange;
    },
    destroy: () => agent.destroy(),
  };
}
