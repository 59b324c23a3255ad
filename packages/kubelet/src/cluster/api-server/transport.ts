import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { type Clock, systemClock } from '../../node/clock.ts';
import { type Logger, silentLogger } from '../../node/logger.ts';
import type { AbortOptions } from '../../provider.ts';
import { ClusterError } from '../cluster.ts';
import type { AccessSource } from './access.ts';
import { type Connection, openConnection } from './connection.ts';
import { connectionError, responseError } from './response-error.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute, every name in it already encoded (see {@link apiPath}). */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** @default 'application/json' */
  readonly contentType?: string;
}

export interface TransportOptions {
  readonly access: AccessSource;
  readonly userAgent?: string;
  /** Longest time that one attempt of a call may take, in milliseconds. @default 10_000 */
  readonly timeoutMs?: number;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** @default silent */
  readonly logger?: Logger;
}

/** HTTP to an API server: JSON untouched, credentials renewed, errors as {@link ClusterError}. */
export interface Transport extends AsyncDisposable {
  /**
   * One call. Waits after 429, and as `Retry-After` says after 5xx, loads the credentials anew after 401 and repeats a call
   * whose connection broke, each a bounded number of times.
   */
  call(request: ApiRequest, options?: AbortOptions): Promise<unknown>;
  /** A response without an end. Ends with `signal`; a connection of its own, or one stream of a shared one. */
  open(
    request: ApiRequest,
    options: { readonly signal: AbortSignal; readonly shared?: boolean },
  ): Promise<AsyncIterable<Uint8Array>>;
  /** Loads the credentials anew; what is under way ends on the old connections. */
  renew(options?: AbortOptions): Promise<void>;
}

export const strategicMergePatch = 'application/strategic-merge-patch+json';

/** Largest answer: a page of 500 pods, with room. */
const maxResponseBytes = 64 * 1024 * 1024;
/** What is read of an error's body. */
const maxErrorBytes = 64 * 1024;
const maxThrottledRetries = 5;
const defaultRetryAfterMs = 1_000;
const maxRetryAfterMs = 30_000;

export function createTransport(options: TransportOptions): Transport {
  const { access, userAgent = 'wasmlet', timeoutMs = 10_000 } = options;
  const { clock = systemClock, logger = silentLogger } = options;
  let current: Promise<Connection> | undefined;
  const retired = new Set<Connection>();

  async function load(): Promise<Connection> {
    return openConnection(await access.load());
  }

  function connection(): Promise<Connection> {
    current ??= load().catch((error: unknown) => {
      current = undefined;
      throw error;
    });
    return current;
  }

  /** Replaces `stale`, once for all calls that found it stale. */
  async function replace(stale: Connection): Promise<void> {
    if ((await connection()) !== stale) return;
    const next = load();
    current = next;
    next.catch(() => {
      if (current === next) current = Promise.resolve(stale);
    });
    await next;
    retired.add(stale);
    stale
      .retire()
      .catch((error: unknown) => logger.debug({ error }, 'closing connections failed'))
      .finally(() => retired.delete(stale));
  }

  async function attempt(
    request: ApiRequest,
    via: Connection,
    { signal, shared = false }: { readonly signal: AbortSignal; readonly shared?: boolean },
  ): Promise<Readable> {
    const { server, headers } = via.access;
    const operation = `${request.method} ${request.path}`;
    let response: Dispatcher.ResponseData;
    try {
      response = await (shared ? via.watches : via.calls).request({
        origin: server.origin,
        method: request.method,
        path: `${server.pathname.replace(/\/$/, '')}${request.path}`,
        signal,
        headers: {
          ...headers,
          accept: 'application/json',
          'user-agent': userAgent,
          ...(request.body === undefined
            ? {}
            : { 'content-type': request.contentType ?? 'application/json' }),
        },
        ...(request.query === undefined ? {} : { query: { ...request.query } }),
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      });
    } catch (error) {
      signal.throwIfAborted();
      throw connectionError(operation, server, error);
    }
    if (response.statusCode < 300) return response.body;
    const text = await readBounded(response.body, maxErrorBytes, { truncate: true });
    const retryAfter = response.headers['retry-after'];
    throw responseError(
      operation,
      response.statusCode,
      text,
      typeof retryAfter === 'string' ? retryAfter : undefined,
    );
  }

  async function callOnce(request: ApiRequest, signal: AbortSignal | undefined): Promise<unknown> {
    const deadline = AbortSignal.timeout(timeoutMs);
    const either = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    const via = await connection();
    const operation = `${request.method} ${request.path}`;
    try {
      const body = await attempt(request, via, { signal: either });
      return parseJson(await readBounded(body, maxResponseBytes), operation);
    } catch (error) {
      signal?.throwIfAborted();
      if (deadline.aborted) {
        throw connectionError(operation, via.access.server, `no answer within ${timeoutMs} ms`);
      }
      if (error instanceof ClusterError) throw error;
      throw connectionError(operation, via.access.server, error);
    }
  }

  /** Repeats `run` as far as {@link Transport.call} promises. */
  async function persist<T>(run: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    let hasRenewed = false;
    let hasReconnected = false;
    for (let throttled = 0; ; ) {
      signal?.throwIfAborted();
      const via = await connection();
      try {
        return await run();
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        if (error.code === 'Unauthorized' && !hasRenewed) {
          hasRenewed = true;
          await replace(via).catch((cause: unknown) => {
            throw new ClusterError('Unauthorized', `${error.message}; reading the credentials again failed`, {
              status: 401,
              cause,
            });
          });
        } else if (isToldToWait(error) && throttled < maxThrottledRetries) {
          throttled++;
          const waitMs = Math.min(error.retryAfterMs ?? defaultRetryAfterMs, maxRetryAfterMs);
          await clock.sleep(waitMs, signal === undefined ? {} : { signal });
        } else if (isBrokenConnection(error) && !hasReconnected) {
          hasReconnected = true;
        } else {
          throw error;
        }
      }
    }
  }

  return {
    call: (request, { signal } = {}) => persist(() => callOnce(request, signal), signal),
    open: (request, { signal, shared = false }) =>
      persist(async () => attempt(request, await connection(), { signal, shared }), signal),
    async renew({ signal } = {}) {
      signal?.throwIfAborted();
      await replace(await connection());
    },
    async [Symbol.asyncDispose]() {
      const last = await current?.catch(() => undefined);
      const all = last === undefined ? [...retired] : [...retired, last];
      await Promise.all(all.map((one) => one.destroy()));
    },
  };
}

/** Joins and encodes the segments of a path: `apiPath('api/v1/namespaces', namespace, 'pods', name)`. */
export function apiPath(prefix: string, ...segments: readonly string[]): string {
  return ['', prefix, ...segments.map(encodeURIComponent)].join('/');
}

/** The server is overloaded, or about to start or to stop. */
function isToldToWait({ code, status, retryAfterMs }: ClusterError): boolean {
  return code === 'TooManyRequests' || (status !== undefined && status >= 500 && retryAfterMs !== undefined);
}

/** A kept-alive connection that the server had closed already, most of the time. */
function isBrokenConnection({ code, status, cause }: ClusterError): boolean {
  if (code !== 'Unavailable' || status !== undefined) return false;
  const reason = (cause as { readonly code?: unknown } | undefined)?.code;
  return reason === 'UND_ERR_SOCKET' || reason === 'ECONNRESET' || reason === 'EPIPE';
}

async function readBounded(
  body: Readable,
  maxBytes: number,
  { truncate = false }: { readonly truncate?: boolean } = {},
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    total += chunk.length;
    if (total > maxBytes) {
      if (truncate) break;
      throw new ClusterError('Invalid', `the API server sent more than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string, operation: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ClusterError('Unavailable', `${operation}: the answer is not JSON`, { cause });
  }
}
