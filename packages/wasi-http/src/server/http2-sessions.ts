import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import process from 'node:process';
import type { HandlerLimits } from './limits.ts';

/** What answers requests that come by HTTP/2: for the event `stream` of a server of `node:http2`. */
export type StreamListener = (
  stream: ServerHttp2Stream,
  headers: Readonly<NodeJS.Dict<string | string[]>>,
  flags: number,
  rawHeaders: readonly string[],
) => void;

export interface Http2Options {
  readonly limits: HandlerLimits;
  /** Most bytes of a request's head. */
  readonly maxHeadBytes: number;
  /** How long a connection is kept on which nothing moves, in milliseconds. */
  readonly keepAliveMs: number;
}

/** Connections that speak HTTP/2. */
export interface Http2Sessions {
  /** Takes a connection of which nothing has been read. */
  accept(socket: Socket): void;
  /** Tells clients to go elsewhere with their next requests; what comes before they have heard of it is answered. */
  announceEnd(): void;
  /** Takes no more requests; connections end with those that run. */
  close(): void;
  destroy(): void;
}

/** Loads Node's HTTP/2 with the first connection: a process that has none does not pay for it. */
export function createHttp2Sessions(
  listener: StreamListener,
  { limits, maxHeadBytes, keepAliveMs }: Http2Options,
): Http2Sessions {
  const sessions = new Set<ServerHttp2Session>();
  let ending = false;
  const open = () => {
    const { createServer } = process.getBuiltinModule('node:http2');
    const server = createServer({
      maxHeaderListPairs: maxHeaderPairs,
      settings: {
        enablePush: false,
        maxConcurrentStreams: Math.min(limits.maxConcurrent, maxStreams),
        maxHeaderListSize: maxHeadBytes,
      },
    });
    server.on('session', (session) => {
      sessions.add(session);
      session.setMaxListeners(0); // one for some of its streams
      session.once('close', () => sessions.delete(session));
      session.setTimeout(keepAliveMs, () => {
        // What runs on it goes on: a session that is closed takes no more, and ends with its last stream.
        session.close();
        // One that has said farewell and then sent what is no HTTP/2 is neither read nor ended by Node.
        if (!session.destroyed)
          session.setTimeout(limits.requestMs + limits.clientIdleMs, () => session.destroy());
      });
      if (ending) announce(session);
    });
    server.on('sessionError', () => {}); // It is closed by then, and its streams with it.
    server.on('stream', listener);
    return server;
  };
  let server: ReturnType<typeof open> | undefined;
  return {
    accept(socket) {
      server ??= open();
      // A client that has ended its side has gone; one of HTTP/1 may still read.
      socket.allowHalfOpen = false;
      server.emit('connection', socket);
    },
    announceEnd() {
      ending = true;
      for (const session of sessions) announce(session);
    },
    close() {
      for (const session of sessions) session.close();
    },
    destroy() {
      for (const session of sessions) session.destroy();
    },
  };
}

/** "Graceful shutdown" of RFC 9113, section 6.8: no stream is refused yet. */
function announce(session: ServerHttp2Session): void {
  if (!session.destroyed) session.goaway(noError, largestStream);
}

const noError = 0;
const largestStream = 2 ** 31 - 1;
const maxStreams = 2 ** 31 - 1;
const maxHeaderPairs = 2_000;
