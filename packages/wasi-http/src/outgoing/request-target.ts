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

/**
 * Finds where requests go. Throws {@link HttpFailure} for one that cannot be sent, or not to there. Guests mostly ask the same
 * server again: where the last one went is kept.
 */
export function createRequestTargets(guard: EgressGuard): (request: OutgoingRequest) => RequestTarget {
  let last: Server | undefined;
  return ({ method, scheme = 'https', authority, pathWithQuery = '/', headers }) => {
    if (method === 'CONNECT') throw new HttpFailure({ code: 'HTTP-request-method-invalid' });
    if (scheme !== 'http' && scheme !== 'https') throw new HttpFailure({ code: 'HTTP-protocol-error' });
    if (authority === undefined || pathWithQuery === '*') {
      throw new HttpFailure({ code: 'HTTP-request-URI-invalid' });
    }
    if (Number.isNaN(headers.contentLength)) throw new HttpFailure({ code: 'HTTP-request-body-size' });
    if (last?.scheme !== scheme || last.authority !== authority) last = serverOf(guard, scheme, authority);
    const { origin, hostname } = last;
    return { origin, hostname, path: pathWithQuery.startsWith('/') ? pathWithQuery : `/${pathWithQuery}` };
  };
}

interface Server extends Omit<RequestTarget, 'path'> {
  readonly scheme: string;
  readonly authority: string;
}

function serverOf(guard: EgressGuard, scheme: string, authority: string): Server {
  const url = new URL(`${scheme}://${authority}`);
  const { origin, hostname } = url;
  const verdict = guard.checkHost(hostname, endpointOf(url));
  if (!verdict.allowed) {
    const { reason, message } = verdict;
    const cause = new EgressError('DENIED', message, { host: hostname, reason });
    throw new HttpFailure({ code: 'HTTP-request-denied' }, { cause });
  }
  return { scheme, authority, origin, hostname };
}
