import type { EgressPolicy } from '@wasmlet/egress';

/** What travels to the guest's process, as JSON. */
export interface HttpConfig extends EgressPolicy {
  /** Absent: as many as the limits let it. */
  readonly maxConcurrentRequests?: number;
  /** Of each body. Absent: what the limits say. */
  readonly maxBodyBytes?: number;
  readonly timeouts: HttpTimeouts;
}

/** How long a guest's requests may take, in milliseconds. */
export interface HttpTimeouts {
  /** From the first packet to an established connection, TLS included. @default 10_000 */
  readonly connectMs: number;
  /** From the sent request to the end of the response's headers. @default 300_000 */
  readonly headersMs: number;
  /** Between two pieces of a response's body while the guest waits for them. @default 300_000 */
  readonly bodyIdleMs: number;
}

/** The original had none and would have waited for ever. */
export const defaultTimeouts: HttpTimeouts = { connectMs: 10_000, headersMs: 300_000, bodyIdleMs: 300_000 };

/** Longest that a timer can run. */
export const maxTimeoutMs = 0x7fff_ffff;

/** Reads what {@link HttpConfig} became on its way. Throws a TypeError for anything else. */
export function readConfig(config: unknown): HttpConfig {
  const { allowedHosts, grants, ceiling, guarded, timeouts, maxConcurrentRequests, maxBodyBytes } = (config ??
    {}) as Partial<HttpConfig>;
  const isValid =
    [allowedHosts, grants].every(isTextList) &&
    [ceiling, guarded].every((list) => list === undefined || isTextList(list)) &&
    [maxConcurrentRequests, maxBodyBytes].every((most) => most === undefined || typeof most === 'number') &&
    Object.keys(defaultTimeouts).every((name) => typeof timeouts?.[name as keyof HttpTimeouts] === 'number');
  if (!isValid) {
    throw new TypeError('the configuration of HTTP is not what experimentalHttp() and outgoingHttp() make');
  }
  return config as HttpConfig;
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
