import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { HandlerLimits } from './limits.ts';

/** What a server answers requests with. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => void;

export interface HttpServerOptions {
  readonly limits: HandlerLimits;
  /** How long a connection without request is kept, in milliseconds. @default 75_000 */
  readonly keepAliveMs?: number;
  /** Longest for a request's headers, from its first byte, in milliseconds. @default 10_000 */
  readonly headersMs?: number;
  /** Connections at once; more are closed as they come. @default no limit */
  readonly maxConnections?: number;
}

/**
 * Node's HTTP server, strict and bounded: messages that two readers could understand differently (two lengths, bare line
 * feeds, folded headers) are refused with 400 and the connection is closed, and slow clients are given up.
 */
export function createHttpServer(listener: Listener, options: HttpServerOptions): Server {
  const { limits, keepAliveMs = 75_000, headersMs = 10_000, maxConnections } = options;
  const answer: Listener = (request, response) => {
    if (!server.listening) response.shouldKeepAlive = false;
    listener(request, response);
  };
  const server = createServer(
    {
      insecureHTTPParser: false,
      requireHostHeader: true,
      joinDuplicateHeaders: false,
      noDelay: true,
      // The URL's cap is the handler's to check, which answers 414; this is the most that a parser holds.
      maxHeaderSize: limits.maxUrlBytes + limits.maxHeaderBytes + parserSlackBytes,
      headersTimeout: headersMs,
      requestTimeout: 0, // bodies have a limit for each pause, and requests one for all of it
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: Math.min(1_000, headersMs),
    },
    answer,
  );
  server.maxHeadersCount = 0; // their bytes are bounded; Node would drop some silently
  server.timeout = limits.clientIdleMs + limits.requestMs;
  if (maxConnections !== undefined) server.maxConnections = maxConnections;
  server.on('checkContinue', answer);
  return server;
}

/**
 * Stops accepting, and resolves when all connections are closed. What comes on those that are open is answered, and is the last on
 * its connection; what is idle is closed a little later, since a request may be on its way.
 *
 * @param graceMs after which what is still open is cut. @default never
 */
export async function drainServer(server: Server, graceMs?: number): Promise<void> {
  const closed = once(server, 'close');
  // Connections that the kernel has taken already would be reset: the poll between the two turns accepts them.
  await setImmediate();
  await setImmediate();
  // HTTP's own cuts what is idle.
  NetServer.prototype.close.call(server);
  server.keepAliveTimeout = lingerMs;
  server.keepAliveTimeoutBuffer = 0;
  server.headersTimeout = Math.min(server.headersTimeout, lingerMs);
  const lingering = setTimeout(() => server.closeIdleConnections(), Math.min(lingerMs, graceMs ?? lingerMs));
  const cutting = graceMs === undefined ? undefined : setTimeout(() => server.closeAllConnections(), graceMs);
  try {
    await closed;
  } finally {
    clearTimeout(lingering);
    clearTimeout(cutting);
    server.close(); // looks for slow clients no more
  }
}

/** How long a connection without request is kept when no more are accepted. */
const lingerMs = 500;
const parserSlackBytes = 4_096;
