import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Clock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';
import { answer, type Exchange } from './answer.ts';
import type { ListenerLimits } from './listener-limits.ts';
import { type PortOptions, type ReservedPort, reservePort } from './reserved-port.ts';

export interface ListenerOptions extends Omit<PortOptions, 'port'> {
  /** One that is reserved brings its address with it. */
  readonly port: number | ReservedPort;
  readonly limits: ListenerLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Answers one request. What it rejects with becomes a 500. */
  handle(request: IncomingMessage, exchange: Exchange): Promise<void>;
}

export interface Listener {
  readonly address: string;
  readonly port: number;
  /**
   * Takes no more connections, aborts the signal of every {@link Exchange}, waits a moment for answers and
   * closes all connections. Idempotent.
   */
  close(): Promise<void>;
}

/** Lets a new server listen and answer. Rejects with `ApiError`. */
export async function listen(server: Server | SecureServer, options: ListenerOptions): Promise<Listener> {
  const { limits, clock, logger } = options;
  const sockets = new Set<Socket>();
  const underWay = new Set<AbortController>();
  let onIdle: (() => void) | undefined;
  let closing: Promise<void> | undefined;

  server.maxConnections = limits.maxConnections;
  server.timeout = limits.silentMs;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (request, response) => void take(request, response));
  const reserved =
    typeof options.port === 'number' ? await reservePort({ ...options, port: options.port }) : options.port;
  await reserved.handTo(server);
  server.on('error', (error) => logger.error({ error }, 'a connection could not be accepted'));
  const { address, port } = reserved;

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Pipelined behind another one, of which no client of a kubelet makes use.
    if (response.socket === null) {
      request.socket.destroy();
      return;
    }
    const exchange = new AbortController();
    underWay.add(exchange);
    const closed = new Promise<void>((resolve) => {
      response.once('close', () => {
        exchange.abort();
        resolve();
      });
    });
    try {
      await options.handle(request, { response, signal: exchange.signal });
    } catch (error) {
      logger.error({ error }, 'a request could not be answered');
      if (response.headersSent) response.destroy();
      else answer(response, 500, 'Internal Server Error\n');
    }
    await closed;
    underWay.delete(exchange);
    if (underWay.size === 0) onIdle?.();
  }

  async function close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    for (const exchange of underWay) exchange.abort();
    if (underWay.size > 0) await drained();
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  async function drained(): Promise<void> {
    const done = new AbortController();
    const limit = clock.sleep(limits.closeGraceMs, { signal: done.signal }).catch(() => undefined);
    const idle = new Promise<void>((resolve) => {
      onIdle = resolve;
    });
    await Promise.race([idle, limit]);
    done.abort();
    await limit;
  }

  return {
    address,
    port,
    close() {
      closing ??= close();
      return closing;
    },
  };
}
