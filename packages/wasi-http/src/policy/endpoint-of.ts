import type { EgressEndpoint } from '@wasmlet/egress';

/** What a URL's protocol and port (empty: the protocol's own) ask of an egress policy. */
export function endpointOf({
  protocol,
  port,
}: {
  readonly protocol: string;
  readonly port: string;
}): EgressEndpoint {
  const scheme = protocol === 'https:' ? 'https' : 'http';
  return { scheme, port: port === '' ? (scheme === 'https' ? 443 : 80) : Number(port) };
}
