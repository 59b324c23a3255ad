import { Readable } from 'node:stream';
import { OciError } from '../../errors.ts';
import type { Connections, HostSettings } from '../../hosts/connections.ts';
import type { AnswerBody } from './answer-body.ts';
import { connectionError, isReset } from './connection-error.ts';
import { exchange, type ExchangeAnswer } from './exchange.ts';
import type { RegistryTimeouts } from './timeouts.ts';
import { createHostBackoff, type HostBackoff } from './host-backoff.ts';
import { readWarnings, type RegistryNotice } from './notices.ts';
import { type Outcome, retrying, retryAfterMs } from './retry.ts';
import type { RetryPolicy } from './retry-policy.ts';
import type { UrlGuard } from './url-guard.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  /** Origin of the registry that the request is for, whose servers may be no further inside the network. */
  readonly registry: string;
  /** How that registry is spoken to. */
  readonly settings?: HostSettings | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Opened anew for every try. */
  readonly body?: (() => AsyncIterable<Uint8Array>) | Uint8Array;
  /** Value of the Authorization header; dropped when a redirect leads to another origin. */
  readonly authorization?: string | undefined;
  /** Whether 408, 429, 5xx and resets are tried again. @default true */
  readonly retry?: boolean;
  /** Whether a 429 of the server itself is waited for, and tried again. @default true */
  readonly waitsWhenLimited?: boolean;
  /** Whether redirects are followed, within what the guard allows. @default true */
  readonly follow?: boolean;
  /** When there is no more waiting for a host, by the policy's clock. @default `timeouts.totalMs` from now */
  readonly endsAt?: number;
  readonly signal: AbortSignal | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly body: AnswerBody;
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
  readonly backoff: HostBackoff;
}

export interface HttpOptions {
  readonly timeouts: RegistryTimeouts;
  readonly retry: RetryPolicy;
  readonly userAgent: string;
  readonly guard: UrlGuard;
  readonly connections: Connections;
  readonly onNotice: ((notice: RegistryNotice) => void) | undefined;
}

/** As browsers and Go's client. */
const maxRedirects = 10;

export function createHttp(options: HttpOptions): Http {
  const { timeouts, retry, userAgent, guard, connections, onNotice } = options;
  const backoff = createHostBackoff(retry, (pause) => onNotice?.({ kind: 'pause', ...pause }));

  const sendOnce = async (outgoing: HttpRequest, endsAt: number): Promise<HttpResponse> => {
    const { method, url, registry, settings, headers, body, authorization, signal } = outgoing;
    await backoff.ready(url.host, { endsAt, signal });
    try {
      const response = await exchange(connections.to({ url, registry, settings }), {
        method,
        url,
        headers: {
          'user-agent': userAgent,
          'accept-encoding': 'identity',
          ...(url.origin === registry ? settings?.headers : {}),
          ...headers,
          ...(authorization === undefined ? {} : { authorization }),
        },
        body: typeof body === 'function' ? Readable.from(body(), { objectMode: false }) : (body ?? null),
        signal,
      });
      const received = answer(response, url);
      if (!isTransient(received.status)) backoff.succeeded(url.host);
      for (const text of readWarnings(received.headers('warning'))) {
        onNotice?.({ kind: 'warning', host: url.host, text: withoutCredential(text, authorization) });
      }
      return received;
    } catch (error) {
      signal?.throwIfAborted();
      throw connectionError(error, url.host, timeouts, connections.proxyOf(url));
    }
  };

  const followed = async (first: HttpRequest, endsAt: number): Promise<HttpResponse> => {
    let current = first;
    for (let hops = 0; ; hops += 1) {
      const response = await sendOnce(current, endsAt);
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

  const attempt = async (outgoing: HttpRequest, endsAt: number): Promise<Outcome<HttpResponse>> => {
    try {
      const response = await followed(outgoing, endsAt);
      if (!isTransient(response.status) || isToldAtOnce(response, outgoing)) {
        return { kind: 'done', value: response };
      }
      return {
        kind: 'again',
        host: response.url.host,
        afterMs: retryAfterMs(response.header('retry-after'), new Date()),
        drop: () => response.discard(),
        giveUp: () => response,
      };
    } catch (error) {
      if (!(error instanceof OciError) || !isReset(error.cause)) throw error;
      const giveUp = (): never => {
        throw error;
      };
      return { kind: 'again', host: error.host ?? outgoing.url.host, afterMs: undefined, giveUp };
    }
  };

  return {
    backoff,
    send(outgoing) {
      const { retry: isRetried = true, signal, endsAt = retry.now() + timeouts.totalMs } = outgoing;
      const tries = isRetried ? retry.tries : 1;
      const { now, maxPauseMs } = retry;
      return retrying({ tries, backoff, now, maxPauseMs, endsAt, signal }, () => attempt(outgoing, endsAt));
    },
    bodyError: (error, host) => connectionError(error, host, timeouts),
    [Symbol.asyncDispose]: () => connections[Symbol.asyncDispose](),
  };
}

const redirects: readonly number[] = [301, 302, 303, 307, 308];

/** Worth another try (OCI clients agree on these). */
export function isTransient(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501);
}

function isToldAtOnce({ status, url }: HttpResponse, { waitsWhenLimited, url: asked }: HttpRequest): boolean {
  return status === 429 && waitsWhenLimited === false && url.origin === asked.origin;
}

function withoutCredential(text: string, authorization: string | undefined): string {
  const credential = authorization?.replace(/^\S+ /, '') ?? '';
  return credential === '' ? text : text.replaceAll(credential, '***');
}

function answer({ status, headers, body }: ExchangeAnswer, url: URL): HttpResponse {
  const all = (name: string): readonly string[] => {
    const value = headers[name];
    return value === undefined ? [] : typeof value === 'string' ? [value] : value;
  };
  return {
    status,
    body,
    url,
    header: (name) => all(name)[0],
    headers: all,
    // Whoever discards a body does not want to hear of its failures.
    discard: () => body.discard(maxDiscardedBytes).catch(() => {}),
  };
}

/** Read to keep a connection in use; beyond that it is closed. */
const maxDiscardedBytes = 64 * 1024;
