import { isIP } from 'node:net';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import type { EgressGuard } from '@wasmlet/egress';
import type { buildConnector as Connect } from 'undici';
import buildConnector from 'undici/lib/core/connect.js';

/**
 * Opens connections to hosts and addresses that the guard has checked, and to no others: each one passes here, those of
 * redirects as well. HTTP/1.1 only.
 */
export function createConnector(guard: EgressGuard, connectMs: number): Connect.connector {
  const options = { lookup: guard.lookup, timeout: connectMs, allowH2: false };
  const plain = buildConnector(options);
  let secure: Connect.connector | undefined;
  const connect: Connect.connector = (target, callback) => {
    if (target.protocol !== 'https:') return plain(target, callback);
    secure ??= buildConnector({ ...options, secureContext: trustSystem() });
    return secure(target, callback);
  };
  return (target, callback) => {
    if (isIP(target.hostname) === 0) return connect(target, callback);
    // Node does not look addresses up, so nobody would check them.
    guard.resolve(target.hostname).then(
      () => connect(target, callback),
      (error: Error) => callback(error, null),
    );
  };
}

/** Node's own roots and the machine's: operators add theirs to these. Takes some 80 ms. */
function trustSystem(): SecureContext {
  const roots = new Set([...getCACertificates('default'), ...getCACertificates('system')]);
  return createSecureContext({ ca: [...roots] });
}
