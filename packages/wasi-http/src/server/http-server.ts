import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { createHttp2Sessions, type Http2Sessions, type StreamListener } from './http2-sessions.ts';
import type { HandlerLimits } from './limits.ts';
import { type ProtocolSwitch, switchProtocols } from './protocol-switch.ts';

/** What a server answers requests with. */
export interface Listeners {
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void;
  readonly stream: StreamListener;
}

export interface HttpServer {
  readonly server: Server;
  /**
   * Stops accepting, and resolves when all connections are closed. What comes on those that are open is answered, and is the last on
   * its connection; what is idle is closed a little later, since a request may be on its way.
   *
   * @param graceMs after which what is still open is cut. @default never
   */
  drain(graceMs?: number): Promise<void>;
  /** Cuts everything. */
  destroy(): void;
}

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
 * feeds, folded headers) are refused with 400 and the connection is closed, and slow clients are given up. Speaks HTTP/2 with
 * clients that begin with it (h2c with prior knowledge).
 */
export function createHttpServer({ listener, stream }: Listeners, options: HttpServerOptions): HttpServer {
  const { limits, keepAliveMs = 75_000, headersMs = 10_000, maxConnections } = options;
  const maxHeadBytes = limits.maxUrlBytes + limits.maxHeaderBytes + parserSlackBytes;
  const answer: Listeners['listener'] = (request, response) => {
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
      maxHeaderSize: maxHeadBytes,
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
  const sessions = createHttp2Sessions(stream, { limits, maxHeadBytes, keepAliveMs });
  const undecided = switchProtocols(server, {
    firstBytesMs: headersMs,
    onHttp2: (socket) => sessions.accept(socket),
  });
  const parts = { server, sessions, undecided };
  return {
    server,
    drain: (graceMs) => drain(parts, graceMs),
    destroy() {
      server.close();
      destroyConnections(parts);
    },
  };
}

interface Parts {
  readonly server: Server;
  readonly sessions: Http2Sessions;
  readonly undecided: ProtocolSwitch;
}

function destroyConnections({ server, sessions, undecided }: Parts): void {
  undecided.closeUndecided();
  sessions.destroy();
  server.closeAllConnections();
}

async function drain(parts: Parts, graceMs: number | undefined): Promise<void> {
  const { server, sessions, undecided } = parts;
  const closed = once(server, 'close');
  // Connections that the kernel has taken already would be reset: the poll between the two turns accepts them.
  await setImmediate();
  await setImmediate();
  // HTTP's own cuts what is idle.
  NetServer.prototype.close.call(server);
  sessions.announceEnd();
  server.keepAliveTimeout = lingerMs;
  server.keepAliveTimeoutBuffer = 0;
  server.headersTimeout = Math.min(server.headersTimeout, lingerMs);
  const closeIdle = (): void => {
    undecided.closeUndecided();
    sessions.close();
    server.closeIdleConnections();
  };
  const lingering = setTimeout(closeIdle, Math.min(lingerMs, graceMs ?? lingerMs));
  const cutting = graceMs === undefined ? undefined : setTimeout(() => destroyConnections(parts), graceMs);
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
