import { createSocket, type Socket } from 'node:dgram';
import type { SocketAddress } from './connection.ts';
import { createSignal, type Ready } from './readiness.ts';

/** A bound UDP socket. */
export interface DatagramSocket {
  readonly local: SocketAddress;
  /** The next datagram that has arrived, or `undefined` when one has to wait. Throws what has gone wrong with the socket. */
  receiveNow(): Datagram | undefined;
  /** Whether {@link receiveNow} would answer at once. */
  readonly canReceive: boolean;
  readonly receivable: Ready;
  /** Datagrams that may be handed over now. */
  readonly room: number;
  readonly sendable: Ready;
  /** Hands one over. Throws why an earlier one could not be sent. */
  send(bytes: Uint8Array, to: SocketAddress): void;
  /** Routers that what is sent may pass, 1 to 255. */
  setHopLimit(limit: number): void;
  /** Idempotent. */
  close(): void;
}

export interface Datagram {
  readonly bytes: Uint8Array;
  readonly from: SocketAddress;
}

export interface DatagramOptions {
  readonly family: 4 | 6;
  /** Address of this machine; the port is one that is free. */
  readonly address: string;
  /** Whether what comes from there is kept; all else is dropped as it comes. */
  readonly accepts: (from: SocketAddress) => boolean;
}

/** Datagrams that wait to be received, and their bytes; more are dropped, as a kernel does. */
const maxPending = 256;
const maxPendingBytes = 1024 * 1024;
/** Datagrams that were handed over and that the kernel has not taken. */
const maxUnsent = 16;

/** Rejects with an error of `node:dgram`. */
export function openDatagramSocket({ family, address, accepts }: DatagramOptions): Promise<DatagramSocket> {
  const socket = createSocket({
    type: family === 4 ? 'udp4' : 'udp6',
    ipv6Only: family === 6,
    // Nothing but addresses comes here: no name is ever asked for.
    lookup: (host, _options, found) => found(null, host, family),
  });
  const { promise, resolve, reject } = Promise.withResolvers<DatagramSocket>();
  socket.once('error', (error) => {
    socket.close();
    reject(error);
  });
  socket.bind({ address, port: 0 }, () => {
    socket.removeAllListeners('error');
    resolve(createDatagramSocket(socket, accepts));
  });
  return promise;
}

function createDatagramSocket(socket: Socket, accepts: DatagramOptions['accepts']): DatagramSocket {
  const arrived: Datagram[] = [];
  const changed = createSignal();
  let bytesHeld = 0;
  let unsent = 0;
  let failure: Error | undefined;
  let closed = false;

  const fail = (error: Error): void => {
    failure ??= error;
    changed.raise();
  };
  const throwFailure = (): void => {
    const told = failure;
    failure = undefined;
    if (told !== undefined) throw told;
  };
  socket.on('error', fail);
  socket.on('message', (bytes, { address, port }) => {
    const from = { address, port };
    if (arrived.length >= maxPending || bytesHeld + bytes.length > maxPendingBytes || !accepts(from)) return;
    arrived.push({ bytes, from });
    bytesHeld += bytes.length;
    changed.raise();
  });
  const { address, port } = socket.address();

  return {
    local: { address, port },
    receiveNow() {
      const next = arrived.shift();
      if (next === undefined) throwFailure();
      bytesHeld -= next?.bytes.length ?? 0;
      return next;
    },
    get canReceive() {
      return arrived.length > 0 || failure !== undefined || closed;
    },
    async receivable(signal) {
      while (arrived.length === 0 && failure === undefined && !closed) await changed.raised(signal);
    },
    get room() {
      return failure === undefined ? maxUnsent - unsent : 1;
    },
    async sendable(signal) {
      while (unsent >= maxUnsent && failure === undefined && !closed) await changed.raised(signal);
    },
    send(bytes, to) {
      throwFailure();
      unsent += 1;
      // Of its own: the guest may change its memory before it is gone.
      socket.send(Buffer.from(bytes), to.port, to.address, (error) => {
        unsent -= 1;
        if (error !== null) fail(error);
        else changed.raise();
      });
    },
    setHopLimit: (limit) => void socket.setTTL(limit),
    close() {
      if (closed) return;
      closed = true;
      socket.close();
      changed.raise();
    },
  };
}
