import { createConnection as connectSocket } from 'node:net';
import { type Connection, createConnection, type SocketAddress } from './connection.ts';

/** Connects to an IP address. Rejects with an error of `node:net`, or the signal's reason. */
export function openConnection({ address, port }: SocketAddress, signal: AbortSignal): Promise<Connection> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Connection>();
  // Half-open: a peer that has said all may still be told something.
  const socket = connectSocket({ host: address, port, allowHalfOpen: true });
  const abort = (): void => {
    socket.destroy();
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', abort, { once: true });
  socket.once('error', (error) => {
    signal.removeEventListener('abort', abort);
    reject(error);
  });
  socket.once('connect', () => {
    signal.removeEventListener('abort', abort);
    resolve(createConnection(socket));
  });
  return promise;
}
