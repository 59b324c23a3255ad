import { Agent } from 'undici';
import type { Access } from './access.ts';

/** TCP keep-alive probes find a peer that has vanished, where the watch's own inactivity limit is slower. */
const keepAliveProbeMs = 30_000;
/** Go servers keep idle connections for 90 s or longer; ours go first. */
const idleSocketMs = 60_000;
const connectMs = 10_000;
/** Each costs a TLS handshake; calls beyond this many wait for one another. */
const maxSockets = 16;
/** kube-apiserver allows 250 streams per HTTP/2 connection. */
const streamsPerConnection = 200;

/** The sockets of one generation of credentials. */
export interface Connection {
  readonly access: Access;
  /** HTTP/1.1 with keep-alive. */
  readonly calls: Agent;
  /** HTTP/2 where the server speaks it: hundreds of watches share a few sockets. */
  readonly watches: Agent;
  /** No new requests; resolves when those under way have ended. */
  retire(): Promise<void>;
  destroy(): Promise<void>;
}

export function openConnection(access: Access): Connection {
  const { ca, cert, key, servername, rejectUnauthorized } = access.tls;
  const connect = {
    timeout: connectMs,
    keepAliveInitialDelay: keepAliveProbeMs,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  };
  // Deadlines are the caller's; watches are silent for minutes.
  const timeouts = { headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: idleSocketMs };
  const calls = new Agent({ ...timeouts, connect, connections: maxSockets, allowH2: false });
  const watches = new Agent({
    ...timeouts,
    connect: { ...connect, preferH2: true },
    allowH2: true,
    h2Options: { maxConcurrentStreams: streamsPerConnection },
  });
  return {
    access,
    calls,
    watches,
    async retire() {
      await Promise.all([calls.close(), watches.close()]);
    },
    async destroy() {
      await Promise.all([calls.destroy(), watches.destroy()]);
    },
  };
}
