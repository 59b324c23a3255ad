/** What a connection is for, beside its host. */
export interface EgressEndpoint {
  readonly scheme: EgressScheme;
  readonly port: number;
}

/** `http` and `https` of requests, `tcp` and `udp` of sockets. */
export type EgressScheme = 'http' | 'https' | 'tcp' | 'udp';

export const egressSchemes = ['http', 'https', 'tcp', 'udp'] as const satisfies readonly EgressScheme[];

export function isScheme(text: string): text is EgressScheme {
  return (egressSchemes as readonly string[]).includes(text);
}

/** The port of a URL that names none. */
export function defaultPort(scheme: EgressScheme): number | undefined {
  if (scheme === 'http') return 80;
  return scheme === 'https' ? 443 : undefined;
}

/** Ports from `first` to `last`, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Reads `443` or `8000-8999`. Undefined when it is neither. */
export function parsePorts(text: string): PortRange | undefined {
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const range = { first: Number(first), last: Number(last) };
  return first !== '' && range.first >= 1 && range.first <= range.last && range.last <= 65_535
    ? range
    : undefined;
}

export function isPortIn(port: number, { first, last }: PortRange): boolean {
  return port >= first && port <= last;
}
