import { canonicalHost, EgressError } from '@wasmlet/egress';
import type { HostModuleUse } from '@wasmlet/wasm-runtime/host';
import { HttpPolicyError } from '../errors.ts';
import { defaultTimeouts, type ExperimentalHttpConfig, type HttpTimeouts, maxTimeoutMs } from './config.ts';

/** Options of {@link experimentalHttp}. */
export interface ExperimentalHttpOptions {
  /** URLs whose hosts the guest may contact. Scheme, port and path do not count. Empty: none. */
  readonly allowedDomains: readonly string[];
  /** The operator's: CIDR ranges and host names whose loopback and private addresses may be connected to. */
  readonly grants: readonly string[];
  /** Most responses that the guest may hold open at once; 0 allows no request. @default as many as the limits let it */
  readonly maxConcurrentRequests?: number;
  readonly timeouts?: Partial<HttpTimeouts>;
}

/** `file:` URL of the host module: what a runtime's `hostModules` must list before {@link experimentalHttp} can be used. */
export const experimentalHttpUrl: string = import.meta.resolve('@wasmlet/wasi-http/experimental-http');

/**
 * Lets a guest import `wasi_experimental_http` and contact the hosts of the allow-list. Pure: nothing is opened,
 * resolved or contacted.
 *
 * @throws {@link HttpPolicyError} that names the entry which cannot be used.
 */
export function experimentalHttp(options: ExperimentalHttpOptions): HostModuleUse {
  const { allowedDomains, grants, maxConcurrentRequests, timeouts = {} } = options;
  const config: ExperimentalHttpConfig = {
    allowedHosts: [...new Set(allowedDomains.map(hostOfEntry))],
    grants,
    ...(maxConcurrentRequests === undefined
      ? {}
      : { maxConcurrentRequests: checkLimit(maxConcurrentRequests) }),
    timeouts: checkTimeouts({ ...defaultTimeouts, ...timeouts }),
  };
  return { url: experimentalHttpUrl, contract: 1, config };
}

function hostOfEntry(entry: string): string {
  const shown = `allowed domain ${JSON.stringify(entry.slice(0, 100))}`;
  if (entry.trim() === 'insecure:allow-all') {
    throw new HttpPolicyError(
      'ALLOW_ALL',
      `${shown}: allow-all is refused; list the URL of each host that the guest has to contact`,
    );
  }
  if (!URL.canParse(entry)) {
    throw new HttpPolicyError('INVALID_DOMAIN', `${shown} is no URL; write ${suggest(entry)}`);
  }
  const { hostname } = new URL(entry);
  if (hostname === '') {
    throw new HttpPolicyError('INVALID_DOMAIN', `${shown} has no host; write ${suggest(entry)}`);
  }
  try {
    return canonicalHost(hostname);
  } catch (cause) {
    if (!(cause instanceof EgressError)) throw cause;
    throw new HttpPolicyError('INVALID_DOMAIN', `${shown}: ${cause.message}`, { cause });
  }
}

function suggest(entry: string): string {
  const url = `https://${entry.trim().replace(/^\/+/, '')}`;
  return URL.canParse(url) && url.length <= 100 ? JSON.stringify(url) : '"https://example.com"';
}

function checkLimit(limit: number): number {
  if (Number.isSafeInteger(limit) && limit >= 0) return limit;
  throw new HttpPolicyError('INVALID_LIMIT', `maxConcurrentRequests ${limit} is no whole number from 0`);
}

function checkTimeouts(timeouts: HttpTimeouts): HttpTimeouts {
  for (const [name, value] of Object.entries(timeouts)) {
    if (!(Number.isSafeInteger(value) && value > 0 && value <= maxTimeoutMs)) {
      throw new HttpPolicyError(
        'INVALID_TIMEOUT',
        `timeout ${name} ${value} is no whole number of milliseconds from 1 to ${maxTimeoutMs}`,
      );
    }
  }
  return timeouts;
}
