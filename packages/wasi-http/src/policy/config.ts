import type { EgressPolicy } from '@wasmlet/egress';

/** What travels to the guest's process, as JSON. */
export interface ExperimentalHttpConfig extends EgressPolicy {
  /** Absent: as many as `abi/limits.ts` lets it. */
  readonly maxConcurrentRequests?: number;
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

/** Reads what {@link ExperimentalHttpConfig} became on its way. Throws a TypeError for anything else. */
export function readConfig(config: unknown): ExperimentalHttpConfig {
  const { allowedHosts, grants, timeouts, maxConcurrentRequests } = (config ??
    {}) as Partial<ExperimentalHttpConfig>;
  const isValid =
    isTextList(allowedHosts) &&
    isTextList(grants) &&
    (maxConcurrentRequests === undefined || typeof maxConcurrentRequests === 'number') &&
    Object.keys(defaultTimeouts).every((name) => typeof timeouts?.[name as keyof HttpTimeouts] === 'number');
  if (!isValid) throw new TypeError('the configuration of HTTP is not what experimentalHttp() makes');
  return config as ExperimentalHttpConfig;
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
