import { canonicalHost, createEgressGuard, EgressError, type EgressPolicy } from '@wasmlet/egress';
import type { HostModuleUse } from '@wasmlet/wasm-runtime/host';
import { HttpPolicyError } from '../errors.ts';
import type { HttpConfig } from './config.ts';
import { type HttpLimits, checkedLimits } from './http-limits.ts';

/** Options of {@link experimentalHttp}: an egress policy, whose allow-list may be left out, and limits. */
export interface ExperimentalHttpOptions
  extends Omit<EgressPolicy, 'allowedHosts'>,
    Partial<Pick<EgressPolicy, 'allowedHosts'>>,
    HttpLimits {
  /** URLs whose hosts the guest may contact, beside `allowedHosts`. Scheme, port and path do not count. Empty: none. */
  readonly allowedDomains: readonly string[];
}

/** `file:` URL of the host module: what a runtime's `hostModules` must list before {@link experimentalHttp} can be used. */
export const experimentalHttpUrl: string = import.meta.resolve('@wasmlet/wasi-http/experimental-http');

/**
 * Lets a guest import `wasi_experimental_http` and contact the hosts of the allow-list. Pure: nothing is opened,
 * resolved or contacted.
 *
 * @throws {@link HttpPolicyError} that names the entry which cannot be used, and `EgressError` for one of the policy's.
 */
export function experimentalHttp(options: ExperimentalHttpOptions): HostModuleUse {
  const { allowedDomains, allowedHosts = [], grants, ceiling, guarded } = options;
  const policy: EgressPolicy = {
    allowedHosts: [...new Set([...allowedDomains.map(hostOfEntry), ...allowedHosts])],
    grants,
    ...(ceiling === undefined ? {} : { ceiling }),
    ...(guarded === undefined ? {} : { guarded }),
  };
  createEgressGuard(policy);
  const config: HttpConfig = { ...policy, ...checkedLimits(options) };
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
