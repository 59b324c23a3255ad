import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface ProtocolSwitchOptions {
  /** Longest for a connection's first bytes, in milliseconds. */
  readonly firstBytesMs: number;
  /** Takes a connection that begins as HTTP/2 does with prior knowledge; its bytes are still to be read. */
  readonly onHttp2: (socket: Socket) => void;
}

/** Connections of which it is not known yet what they speak. */
export interface ProtocolSwitch {
  /** Closes them. */
  closeUndecided(): void;
}

/** The beginning of HTTP/2 (RFC 9113, section 3.4). No request of HTTP/1 begins so. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Looks at the first bytes of each connection of a server, and leaves to it what does not speak HTTP/2. */
export function switchProtocols(
  server: Server,
  { firstBytesMs, onHttp2 }: ProtocolSwitchOptions,
): ProtocolSwitch {
  const undecided = new Set<Socket>();
  const takers = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  server.removeAllListeners('connection');
  const onHttp1 = (socket: Socket): void => {
    for (const take of takers) take.call(server, socket);
  };
  server.on('connection', (socket: Socket) => {
    undecided.add(socket);
    decide(socket, firstBytesMs, (isHttp2) => {
      undecided.delete(socket);
      if (isHttp2 !== undefined) (isHttp2 ? onHttp2 : onHttp1)(socket);
    });
  });
  return {
    closeUndecided() {
      for (const socket of undecided) socket.destroy();
    },
  };
}

/** @param onDecided is told whether it is HTTP/2; `undefined` when it has gone before. */
function decide(
  socket: Socket,
  firstBytesMs: number,
  onDecided: (isHttp2: boolean | undefined) => void,
): void {
  let seen: Buffer = Buffer.alloc(0);
  const look = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const start = seen.subarray(0, preface.length);
    const isHttp2 = start.equals(preface.subarray(0, start.length));
    if (isHttp2 && start.length < preface.length) return;
    leave();
    socket.unshift(seen);
    onDecided(isHttp2);
  };
  const giveUp = (): void => void socket.destroy();
  const gone = (): void => {
    leave();
    onDecided(undefined);
  };
  const timer = setTimeout(giveUp, firstBytesMs);
  const leave = (): void => {
    clearTimeout(timer);
    socket.off('readable', look).off('end', giveUp).off('error', ignore).off('close', gone);
  };
  socket.on('readable', look).on('end', giveUp).on('error', ignore).on('close', gone);
}

/** `close` tells. */
function ignore(): void {}
