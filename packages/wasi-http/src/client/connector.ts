import { isIP } from 'node:net';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { type EgressGuard, EgressError } from '@wasmlet/egress';
import type { buildConnector as Connect } from 'undici';
import buildConnector from 'undici/lib/core/connect.js';

/** Opens connections to addresses that the guard has checked, and to no others; HTTP/1.1 only. */
export function createConnector(guard: EgressGuard, connectMs: number): Connect.connector {
  const options = { lookup: guard.lookup, timeout: connectMs, allowH2: false };
  const plain = buildConnector(options);
  let secure: Connect.connector | undefined;
  return (target, callback) => {
    const denial = denialOf(guard, target.hostname);
    if (denial !== undefined) {
      queueMicrotask(() => callback(denial, null));
      return;
    }
    if (target.protocol !== 'https:') return plain(target, callback);
    secure ??= buildConnector({ ...options, secureContext: trustSystem() });
    return secure(target, callback);
  };
}

/** Names are checked by the guard's lookup, which Node does not call for addresses. */
function denialOf(guard: EgressGuard, host: string): EgressError | undefined {
  if (isIP(host) === 0) return undefined;
  const verdict = guard.checkAddress(host, host);
  if (verdict.allowed) return undefined;
  return new EgressError('DENIED', verdict.message, { host, reason: verdict.reason });
}

/** Node's own roots and the machine's: operators add theirs to these. Takes some 80 ms. */
function trustSystem(): SecureContext {
  const roots = new Set([...getCACertificates('default'), ...getCACertificates('system')]);
  return createSecureContext({ ca: [...roots] });
}
