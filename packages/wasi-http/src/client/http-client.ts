import type { EgressGuard } from '@wasmlet/egress';
import Agent from 'undici/lib/dispatcher/agent.js';
import type { HttpTimeouts } from '../policy/config.ts';
import { createConnector } from './connector.ts';
import { exchange, type OutgoingRequest, type ReceivedResponse } from './exchange.ts';
import { maxRedirects, redirected } from './redirect.ts';
import { prepared } from './request-headers.ts';

export interface HttpClientOptions {
  readonly guard: EgressGuard;
  readonly timeouts: HttpTimeouts;
  /** Most bytes of a response's body. @default no limit */
  readonly maxBodyBytes?: number | undefined;
}

export interface HttpClient {
  /**
   * Sends a request and follows redirects. Rejects with `EgressError` `DENIED` for a host or address that the policy
   * does not allow, on any hop, or with an error of the network or of HTTP.
   */
  send(request: OutgoingRequest): Promise<ReceivedResponse>;
  /** Ends all connections. */
  destroy(): Promise<void>;
}

/** Largest block of response headers, as much as guests in Rust have room for. */
const maxHeaderBytes = 64 * 1024;

export function createHttpClient({ guard, timeouts, maxBodyBytes }: HttpClientOptions): HttpClient {
  const agent = new Agent({
    connect: createConnector(guard, timeouts.connectMs),
    allowH2: false,
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.bodyIdleMs,
  });
  return {
    async send(first) {
      let request = prepared(first);
      for (let redirects = 0; ; redirects += 1) {
        if (!isHttp(request.url)) throw new TypeError(`${request.url.protocol} is neither http nor https`);
        const response = await exchange(agent, request, maxBodyBytes);
        const next = redirected(request, response);
        if (next === undefined) return response;
        response.body.close();
        if (redirects === maxRedirects) throw new RangeError(`more than ${maxRedirects} redirects`);
        request = next;
      }
    },
    destroy: () => agent.destroy(),
  };
}

function isHttp({ protocol }: URL): boolean {
  return protocol === 'http:' || protocol === 'https:';
}
