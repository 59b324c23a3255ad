import type { ServerOptions } from 'node:http';

/** Bounds of what clients may take up. Times are in milliseconds. */
export interface ListenerLimits {
  /** For the TLS handshake. @default 10_000 */
  readonly handshakeMs: number;
  /** For the headers of a request, from the first byte or the connection on. @default 10_000 */
  readonly headersMs: number;
  /** For a whole request with its body. @default 30_000 */
  readonly requestMs: number;
  /** A connection without a request is closed after this time. @default 90_000, as upstream */
  readonly idleMs: number;
  /** An answer during which nothing was sent for this time is ended. @default 14_400_000 (4 h), as upstream */
  readonly silentMs: number;
  /** What {@link Listener.close} gives requests that are under way. @default 2_000 */
  readonly closeGraceMs: number;
  /** More than this many are closed at once; each has one request at a time. @default 1_000 */
  readonly maxConnections: number;
  /** Request line and headers together. @default 32_768 */
  readonly maxHeaderBytes: number;
}

export const defaultLimits: ListenerLimits = {
  handshakeMs: 10_000,
  headersMs: 10_000,
  requestMs: 30_000,
  idleMs: 90_000,
  silentMs: 4 * 60 * 60_000,
  closeGraceMs: 2_000,
  maxConnections: 1_000,
  maxHeaderBytes: 32 * 1024,
};

/** How late a limit may be noticed. */
const checkMs = 1_000;
/** When a connection is probed for a peer that went away without a word. */
const probeMs = 15_000;

export function httpOptions(limits: ListenerLimits): ServerOptions {
  return {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: Math.min(checkMs, limits.headersMs),
    maxHeaderSize: limits.maxHeaderBytes,
    keepAlive: true,
    keepAliveInitialDelay: probeMs,
  };
}
