import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';
import { answer, type Exchange } from './answer.ts';
import { ApiError } from './api-error.ts';
import type { ListenerLimits } from './listener-limits.ts';

export interface ListenerOptions {
  readonly address: string;
  readonly port: number;
  /** The command-line option that changes the port, for messages. */
  readonly portOption: string;
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
  await bind(server, options);
  server.on('error', (error) => logger.error({ error }, 'a connection could not be accepted'));
  const { address, port } = server.address() as AddressInfo;

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

async function bind(server: Server | SecureServer, options: ListenerOptions): Promise<void> {
  const { address, port } = options;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address, port }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    throw bindError(cause as NodeJS.ErrnoException, options);
  }
}

function bindError(cause: NodeJS.ErrnoException, { address, port, portOption }: ListenerOptions): ApiError {
  const place = `port ${port} on ${address}`;
  if (cause.code === 'EADDRINUSE') {
    const message = `${place} is in use: stop what listens there, or choose another one with ${portOption}`;
    return new ApiError('PORT_IN_USE', message, { cause });
  }
  const remedy =
    cause.code === 'EACCES'
      ? `this user may not; choose a port above 1023 with ${portOption}`
      : cause.code === 'EADDRNOTAVAIL'
        ? 'this machine does not have the address; use one that it has, or 0.0.0.0 or ::'
        : cause.message;
  return new ApiError('CANNOT_LISTEN', `cannot listen at ${place}: ${remedy}`, { cause });
}
