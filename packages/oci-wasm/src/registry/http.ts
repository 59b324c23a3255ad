import { Readable } from 'node:stream';
import { Agent, type Dispatcher, request } from 'undici';
import { OciError } from '../errors.ts';
import { connectionError, isReset } from './connection-error.ts';
import type { RegistryTimeouts } from './timeouts.ts';
import { retrying, retryAfterMs, type RetryPolicy } from './retry.ts';
import type { Depth, ServerAddresses } from './server-addresses.ts';
import type { UrlGuard } from './url-guard.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly url: URL;
  /** Origin of the registry that the request is for, whose servers may be no further inside the network. */
  readonly registry: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Opened anew for every try. */
  readonly body?: (() => AsyncIterable<Uint8Array>) | Uint8Array;
  /** Value of the Authorization header; dropped when a redirect leads to another origin. */
  readonly authorization?: string | undefined;
  /** Whether 408, 429, 5xx and resets are tried again. @default true */
  readonly retry?: boolean;
  /** Whether redirects are followed, within what the guard allows. @default true */
  readonly follow?: boolean;
  readonly signal: AbortSignal | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly body: Dispatcher.ResponseData['body'];
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /** First value of a header. */
  header(name: string): string | undefined;
  /** All values of a header. */
  headers(name: string): readonly string[];
  /** Ends the exchange; the body is not read on. */
  discard(): Promise<void>;
}

/** Sends requests to registries: bounded in time, retried, redirected within limits. */
export interface Http extends AsyncDisposable {
  /** Resolves with any status; rejects with {@link OciError} when there is no answer. */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Translates a failure while a body is read. */
  bodyError(error: unknown, host: string): OciError;
}

export interface HttpOptions {
  readonly timeouts: RegistryTimeouts;
  readonly retry: RetryPolicy;
  readonly userAgent: string;
  readonly guard: UrlGuard;
  readonly addresses: ServerAddresses;
}

/** As browsers and Go's client. */
const maxRedirects = 10;
/** Sockets per registry; more pulls than that wait for one. */
const maxConnections = 16;
const maxHeaderBytes = 64 * 1024;

export function createHttp({ timeouts, retry, userAgent, guard, addresses }: HttpOptions): Http {
  const agentOf = (reach: Depth, rejectUnauthorized: boolean): Agent =>
    new Agent({
      connections: maxConnections,
      headersTimeout: timeouts.idleMs,
      bodyTimeout: timeouts.idleMs,
      maxHeaderSize: maxHeaderBytes,
      connect: { timeout: timeouts.connectMs, rejectUnauthorized, lookup: addresses.lookup(reach) },
    });
  const verifying: Readonly<Record<Depth, Agent>> = {
    public: agentOf('public', true),
    private: agentOf('private', true),
    loopback: agentOf('loopback', true),
  };
  const trusting = agentOf('loopback', false);
  const agents = [...Object.values(verifying), trusting];

  const agentFor = (url: URL, registry: string): Agent => {
    if (guard.isInsecure(url.host)) return trusting;
    const { hostname } = new URL(registry);
    return verifying[url.hostname === hostname ? 'loopback' : addresses.depthOf(hostname)];
  };

  const exchange = async (outgoing: HttpRequest): Promise<HttpResponse> => {
    const { method, url, registry, headers, body, authorization, signal } = outgoing;
    try {
      const response = await request(url, {
        method,
        dispatcher: agentFor(url, registry),
        headers: {
          'user-agent': userAgent,
          'accept-encoding': 'identity',
          ...headers,
          ...(authorization === undefined ? {} : { authorization }),
        },
        body: typeof body === 'function' ? Readable.from(body(), { objectMode: false }) : (body ?? null),
        ...(signal === undefined ? {} : { signal }),
      });
      return answer(response, url);
    } catch (error) {
      signal?.throwIfAborted();
      throw connectionError(error, url.host, timeouts);
    }
  };

  const followed = async (first: HttpRequest): Promise<HttpResponse> => {
    let current = first;
    for (let hops = 0; ; hops += 1) {
      const response = await exchange(current);
      const location = response.header('location');
      if (first.follow === false || !redirects.includes(response.status) || location === undefined)
        return response;
      await response.discard();
      if (hops === maxRedirects) {
        throw new OciError(
          'INVALID_RESPONSE',
          `registry ${first.url.host}: more than ${maxRedirects} redirects`,
          {
            host: first.url.host,
          },
        );
      }
      const url = guard.target(location, { from: current.url, purpose: 'redirect' });
      const authorization = url.origin === current.url.origin ? current.authorization : undefined;
      current = { ...current, url, authorization };
    }
  };

  return {
    send: (outgoing) =>
      retrying(
        outgoing.retry === false ? { ...retry, tries: 1 } : retry,
        async () => {
          try {
            const response = await followed(outgoing);
            if (!isTransient(response.status)) return { kind: 'done', value: response };
            return {
              kind: 'again',
              afterMs: retryAfterMs(response.header('retry-after'), new Date()),
              drop: () => response.discard(),
              giveUp: () => response,
            };
          } catch (error) {
            const giveUp = (): never => {
              throw error;
            };
            return error instanceof OciError && isReset(error.cause)
              ? { kind: 'again', afterMs: undefined, giveUp }
              : giveUp();
          }
        },
        outgoing.signal,
      ),
    bodyError: (error, host) => connectionError(error, host, timeouts),
    async [Symbol.asyncDispose]() {
      await Promise.all(agents.map((agent) => agent.destroy()));
    },
  };
}

const redirects: readonly number[] = [301, 302, 303, 307, 308];

/** Worth another try (OCI clients agree on these). */
export function isTransient(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501);
}

function answer({ statusCode, headers, body }: Dispatcher.ResponseData, url: URL): HttpResponse {
  // Whoever discards a body does not want to hear of its failures.
  body.on('error', () => {});
  const all = (name: string): readonly string[] => {
    const value = headers[name];
    return value === undefined ? [] : typeof value === 'string' ? [value] : value;
  };
  return {
    status: statusCode,
    body,
    url,
    header: (name) => all(name)[0],
    headers: all,
    discard: () => body.dump({ limit: maxDiscardedBytes }).catch(() => {}),
  };
}

/** Read to keep a connection in use; beyond that it is closed. */
const maxDiscardedBytes = 64 * 1024;
