import { EgressError, type EgressGuard } from '@wasmlet/egress';
import { endpointOf } from '../policy/endpoint-of.ts';
import { HttpFailure } from '../types/error-code.ts';
import type { OutgoingRequest } from '../types/resources.ts';

/** Where a request goes, as undici takes it. */
export interface RequestTarget {
  readonly origin: string;
  readonly hostname: string;
  readonly path: string;
}

/** Throws {@link HttpFailure} for a request that cannot be sent, or not to there. */
export function requestTarget(request: OutgoingRequest, guard: EgressGuard): RequestTarget {
  const { method, scheme = 'https', authority, pathWithQuery = '/', headers } = request;
  if (method === 'CONNECT') throw new HttpFailure({ code: 'HTTP-request-method-invalid' });
  if (scheme !== 'http' && scheme !== 'https') throw new HttpFailure({ code: 'HTTP-protocol-error' });
  if (authority === undefined || pathWithQuery === '*') {
    throw new HttpFailure({ code: 'HTTP-request-URI-invalid' });
  }
  if (Number.isNaN(headers.contentLength)) throw new HttpFailure({ code: 'HTTP-request-body-size' });
  const url = new URL(`${scheme}://${authority}`);
  const { origin, hostname } = url;
  const verdict = guard.checkHost(hostname, endpointOf(url));
  if (!verdict.allowed) {
    const { reason, message } = verdict;
    const cause = new EgressError('DENIED', message, { host: hostname, reason });
    throw new HttpFailure({ code: 'HTTP-request-denied' }, { cause });
  }
  return { origin, hostname, path: pathWithQuery.startsWith('/') ? pathWithQuery : `/${pathWithQuery}` };
}
