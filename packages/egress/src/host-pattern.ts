import { isIP } from 'node:net';
import { canonicalHost } from './canonical-host.ts';
import { effectiveAddresses } from './effective-addresses.ts';
import {
  defaultPort,
  type EgressEndpoint,
  egressSchemes,
  type EgressScheme,
  isPortIn,
  isScheme,
  parsePorts,
  type PortRange,
} from './endpoint.ts';
import { entryParts } from './entry-parts.ts';
import { EgressError } from './errors.ts';
import { describeRange, firstOf, isInRange, parseAddress, parseRange } from './ip-address.ts';

/** One entry of an allow-list. */
export interface HostPattern {
  /** Whether it means this host (in canonical form), for whatever it is asked. */
  matchesHost(host: string): boolean;
  /** Whether it means this host for this very purpose. */
  matches(host: string, endpoint: EgressEndpoint): boolean;
}

/**
 * Reads `[scheme://]host[:port]`. The host is a name, `*.` and a name (what lies below it, not itself), an address, or a
 * range of addresses (for hosts that are asked for by their address). The port is a number, `8000-8999`, or `*`; absent it is
 * the scheme's own, and without a scheme any.
 *
 * Throws {@link EgressError} `INVALID_HOST` that names the entry.
 */
export function parseHostPattern(text: string): HostPattern {
  const parts = entryParts(text);
  const scheme = parts.scheme?.toLowerCase();
  if (scheme !== undefined && !isScheme(scheme)) {
    throw invalidEntry(text, `its scheme is none of ${egressSchemes.join(', ')}`);
  }
  const ports = portsOf(text, parts.port, scheme);
  const matchesHost = hostMatcher(text, parts.host);
  return {
    matchesHost,
    matches: (host, endpoint) =>
      (scheme === undefined || scheme === endpoint.scheme) &&
      (ports === undefined || isPortIn(endpoint.port, ports)) &&
      matchesHost(host),
  };
}

/** Undefined for any. */
function portsOf(
  text: string,
  port: string | undefined,
  scheme: EgressScheme | undefined,
): PortRange | undefined {
  if (port === '*') return undefined;
  if (port !== undefined) {
    const ports = parsePorts(port);
    if (ports === undefined) throw invalidEntry(text, 'a port is a number from 1 to 65535, 8000-8999, or *');
    return ports;
  }
  const own = scheme === undefined ? undefined : defaultPort(scheme);
  return own === undefined ? undefined : { first: own, last: own };
}

function hostMatcher(text: string, written: string): HostPattern['matchesHost'] {
  if (/^[^/]*\/\d+$/.test(written)) return rangeMatcher(text, written);
  if (written.startsWith('*.')) {
    const suffix = nameOf(text, written.slice(2));
    if (isIP(suffix) !== 0) throw invalidEntry(text, 'write a range of addresses as 10.0.0.0/8');
    return (host) => host.endsWith(`.${suffix}`);
  }
  const name = nameOf(text, written);
  return (host) => host === name;
}

function rangeMatcher(text: string, written: string): HostPattern['matchesHost'] {
  const range = parseRange(written);
  if (range === undefined) throw invalidEntry(text, 'write a range of addresses as 10.0.0.0/8');
  if (firstOf(range).bits !== range.start.bits) {
    throw invalidEntry(text, `it has bits beyond its prefix; write ${describeRange(range)} for all of it`);
  }
  return (host) => {
    const address = parseAddress(host);
    return address !== undefined && effectiveAddresses(address).every((each) => isInRange(each, range));
  };
}

function nameOf(text: string, host: string): string {
  try {
    return canonicalHost(host);
  } catch (cause) {
    if (!(cause instanceof EgressError)) throw cause;
    throw new EgressError('INVALID_HOST', `${shown(text)} cannot be allowed: ${cause.message}`, { cause });
  }
}

function invalidEntry(text: string, problem: string): EgressError {
  return new EgressError('INVALID_HOST', `${shown(text)} cannot be allowed: ${problem}`);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
