import { createServer, type Server, type Socket } from 'node:net';
import { RuntimeError } from '../errors.ts';
import { type Connection, createConnection } from './connection.ts';
import { createSignal, type Ready } from './readiness.ts';

/** A listening TCP socket. */
export interface Listener {
  /** A connection that has arrived, or `undefined` when one has to wait. */
  acceptNow(): Connection | undefined;
  /** Connections that have arrived and were not accepted. */
  readonly pending: number;
  readonly acceptable: Ready;
  /** Stops listening and drops what was not accepted. Idempotent. */
  close(): void;
}

/** Where to listen. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Connections that may wait to be accepted; more are dropped. */
const maxPending = 128;

/** Rejects with {@link RuntimeError} `CANNOT_LISTEN`. */
export function openListener(address: ListenAddress): Promise<Listener> {
  // Half-open: a peer that has said all may still be answered.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  const { promise, resolve, reject } = Promise.withResolvers<Listener>();
  server.once('error', (cause) => {
    const where = `${address.host}:${address.port}`;
    reject(new RuntimeError('CANNOT_LISTEN', `cannot listen on ${where}: ${cause.message}`, { cause }));
  });
  server.listen({ ...address, backlog: maxPending }, () => resolve(createListener(server)));
  return promise;
}

function createListener(server: Server): Listener {
  const waiting: Socket[] = [];
  const arrived = createSignal();
  server.on('connection', (socket) => {
    if (waiting.length >= maxPending) {
      socket.destroy();
      return;
    }
    socket.once('error', () => {}); // told when the guest reads from it
    waiting.push(socket);
    arrived.raise();
  });
  return {
    acceptNow() {
      const socket = waiting.shift();
      return socket && createConnection(socket);
    },
    get pending() {
      return waiting.length;
    },
    async acceptable(signal) {
      while (waiting.length === 0) await arrived.raised(signal);
    },
    close() {
      server.close();
      for (const socket of waiting.splice(0)) socket.destroy();
    },
  };
}
