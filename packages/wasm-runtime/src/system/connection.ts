import type { Socket } from 'node:net';
import { createInput, type Input } from './input.ts';
import { createSignal, type Ready } from './readiness.ts';
import { SystemError } from './system-error.ts';

/** An accepted TCP connection. */
export interface Connection {
  readonly input: Input;
  /**
   * Hands bytes over to be sent: their number, or `undefined` when one has to wait because the peer is slow. Throws
   * EPIPE after {@link shutdown}, and what went wrong with the connection.
   */
  writeNow(bytes: Uint8Array): number | undefined;
  /** Whether {@link writeNow} would answer at once. */
  readonly canWrite: boolean;
  /** Bytes that {@link writeNow} would take now; throws what it would throw. */
  readonly room: number;
  readonly writable: Ready;
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  shutdown(how: 'read' | 'write'): void;
  setKeepAlive(on: boolean): void;
  /** Sends what was handed over, then the end. Resolves when that has gone, or cannot go any more. Idempotent. */
  close(): Promise<void>;
}

/** Of an IP socket, as text and number; empty and 0 when it is gone already. */
export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

/** Bytes handed over that the kernel has not taken; a guest waits before there are more. */
const maxUnsent = 65_536;
/** Longest that a peer may take to receive the rest of a connection that was closed. */
const lingerMs = 5_000;

export function createConnection(socket: Socket): Connection {
  let failure: Error | undefined;
  const ended = { reading: false, writing: false };
  const changed = createSignal();
  socket.on('error', (error) => {
    failure ??= error;
  });
  socket.on('end', () => {
    ended.reading = true;
  });
  for (const event of ['readable', 'end', 'error', 'close', 'drain']) socket.on(event, changed.raise);

  const input = createInput({
    readNow(into) {
      if (ended.reading) return 0;
      const chunk: Buffer | null = socket.read(Math.min(into.length, Math.max(socket.readableLength, 1)));
      if (chunk !== null) {
        into.set(chunk);
        return chunk.length;
      }
      if (failure !== undefined) throw failure;
      return ended.reading || socket.destroyed ? 0 : undefined;
    },
    async readable(signal) {
      while (socket.readableLength === 0 && !ended.reading && !socket.destroyed && failure === undefined) {
        await changed.raised(signal);
      }
    },
  });
  const canWrite = (): boolean =>
    ended.writing || socket.destroyed || failure !== undefined || socket.writableLength < maxUnsent;

  const room = (): number => {
    if (failure !== undefined) throw failure;
    if (ended.writing || socket.destroyed) throw new SystemError('EPIPE');
    return Math.max(maxUnsent - socket.writableLength, 0);
  };
  const local = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
  const remote = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };

  return {
    input,
    local,
    remote,
    get room() {
      return room();
    },
    writeNow(bytes) {
      const taking = room();
      if (taking === 0) return undefined;
      // Of their own: the guest may change its memory before they are gone.
      const taken = Buffer.from(bytes.subarray(0, taking));
      if (taken.length > 0) socket.write(taken);
      return taken.length;
    },
    get canWrite() {
      return canWrite();
    },
    async writable(signal) {
      while (!canWrite()) await changed.raised(signal);
    },
    shutdown(how) {
      if (how === 'read') {
        ended.reading = true;
      } else if (!ended.writing) {
        ended.writing = true;
        socket.end();
      }
    },
    setKeepAlive: (on) => void socket.setKeepAlive(on),
    close() {
      ended.reading = true;
      ended.writing = true;
      if (socket.closed) return Promise.resolve();
      return new Promise((resolve) => {
        const late = setTimeout(() => socket.destroy(), lingerMs);
        socket.once('close', () => {
          clearTimeout(late);
          resolve();
        });
        socket.destroySoon();
      });
    },
  };
}
