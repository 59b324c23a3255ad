import { isIP } from 'node:net';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import type { EgressEndpoint, EgressGuard } from '@wasmlet/egress';
import type { buildConnector as Connect } from 'undici';
import buildConnector from 'undici/lib/core/connect.js';
import { endpointOf } from '../policy/endpoint-of.ts';

/**
 * Opens connections to hosts and addresses that the guard has checked, and to no others: each one passes here, those of
 * redirects and of connections that are made again as well. HTTP/1.1 only; proxies are not asked for.
 */
export function createConnector(guard: EgressGuard, connectMs: number): Connect.connector {
  const connectors = new Map<string, Connect.connector>();
  let secureContext: SecureContext | undefined;

  const build = (endpoint: EgressEndpoint): Connect.connector => {
    const options = { lookup: guard.lookupFor(endpoint), timeout: connectMs, allowH2: false };
    if (endpoint.scheme !== 'https') return buildConnector(options);
    secureContext ??= trustSystem();
    return buildConnector({ ...options, secureContext });
  };

  /** What is judged by scheme and port is connected to by a connector for these, which keeps TLS sessions. */
  const connectorFor = (endpoint: EgressEndpoint): Connect.connector => {
    const key = `${endpoint.scheme} ${endpoint.port}`;
    const known = connectors.get(key);
    if (known !== undefined) return known;
    if (connectors.size >= maxConnectors) connectors.clear();
    const connector = build(endpoint);
    connectors.set(key, connector);
    return connector;
  };

  return (target, callback) => {
    const endpoint = endpointOf(target);
    const connect = connectorFor(endpoint);
    if (isIP(target.hostname) === 0) return connect(target, callback);
    // Node does not look addresses up, so nobody would check them.
    guard.resolve(target.hostname, { endpoint }).then(
      () => connect(target, callback),
      (error: Error) => callback(error, null),
    );
  };
}

/** Ports that a guest uses at once. */
const maxConnectors = 64;

/** Node's own roots and the machine's: operators add theirs to these. Takes some 80 ms. */
function trustSystem(): SecureContext {
  const roots = new Set([...getCACertificates('default'), ...getCACertificates('system')]);
  return createSecureContext({ ca: [...roots] });
}
