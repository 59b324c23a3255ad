import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { ApiError } from './api-error.ts';

export interface PortOptions {
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** The command-line option that changes the port, for messages. */
  readonly portOption: string;
}

/** A port that is ours before there is a server: who connects meanwhile is hung up on. Disposing frees it. */
export interface ReservedPort extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  /** Lets `server` listen on it, whose it is from then on. To be called once. */
  handTo(server: Server): Promise<void>;
}

/**
 * Takes a port, so that a node finds out whether it can have it before it asks the cluster for anything.
 * Rejects with `ApiError` `PORT_IN_USE` or `CANNOT_LISTEN`.
 */
export async function reservePort(options: PortOptions): Promise<ReservedPort> {
  const holder = createServer((socket: Socket) => socket.destroy());
  await bind(holder, options);
  const { address, port } = holder.address() as AddressInfo;
  let isOurs = true;
  return {
    address,
    port,
    handTo(server) {
      isOurs = false;
      // The same socket goes on listening: nobody else can get in between.
      return listening(server, () => server.listen(holder));
    },
    async [Symbol.asyncDispose]() {
      if (!isOurs) return;
      isOurs = false;
      await new Promise((resolve) => holder.close(resolve));
    },
  };
}

async function bind(holder: Server, { address, port, portOption }: PortOptions): Promise<void> {
  try {
    await listening(holder, () => holder.listen({ host: address, port }));
  } catch (cause) {
    throw bindError(cause as NodeJS.ErrnoException, { address, port, portOption });
  }
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    listen();
  });
}

function bindError(cause: NodeJS.ErrnoException, { address, port, portOption }: PortOptions): ApiError {
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
