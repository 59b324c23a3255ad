import { isIP, isIPv6 } from 'node:net';
import { EgressError } from './errors.ts';

/**
 * The one spelling of a host by which hosts are compared: lower case, IDNA, no brackets, no trailing dot; odd
 * spellings of IPv4 addresses (`0x7f.1`, `2130706433`, `0177.0.0.1`) as dotted quads, IPv6 addresses compressed.
 * Throws {@link EgressError} `INVALID_HOST` for what is no host alone: a URL, a port, a wildcard, a zone.
 */
export function canonicalHost(host: string): string {
  const problem = problemOf(host);
  if (problem !== undefined) throw invalidHost(host, problem);
  const inner = /^\[(.*)\]$/.exec(host)?.[1] ?? host;
  const isBracketed = inner !== host;
  if (isIPv6(inner)) return new URL(`http://[${inner}]`).hostname.slice(1, -1);
  if (isBracketed || inner.includes(':')) {
    throw invalidHost(host, 'write the host alone, without a scheme or a port');
  }
  if (!URL.canParse(`http://${inner}`)) throw invalidHost(host, 'it is neither a name nor an IP address');
  const name = new URL(`http://${inner}`).hostname.replace(/\.$/, '');
  if (isIP(name) === 0 && !isDomainName(name)) {
    throw invalidHost(host, 'it is neither a name nor an IP address');
  }
  return name;
}

/** What the URL parser would forgive, or cut off, and a host may not have. */
function problemOf(host: string): string | undefined {
  if (host === '') return 'it is empty';
  if (host.length > maxHostLength) return `it is longer than ${maxHostLength} characters`;
  if (host.includes('*')) return 'wildcards are not understood; name each host';
  if (/[/\\?#@]/.test(host)) return 'write the host alone, without a scheme, a user or a path';
  if (host.includes('%')) return 'it has a zone or an escape in it, which no host to be contacted may have';
  if (/[\p{Cc}\s]/u.test(host)) return 'it has blanks or control characters in it';
  return undefined;
}

/** A name in ASCII takes 253; IDNA only makes names longer. */
const maxHostLength = 253 + '.'.length;

function isDomainName(name: string): boolean {
  return name.length <= 253 && name.split('.').every((label) => /^[a-z0-9_-]{1,63}$/.test(label));
}

function invalidHost(host: string, problem: string): EgressError {
  const shown = JSON.stringify(host.slice(0, 100));
  return new EgressError('INVALID_HOST', `${shown} is no host: ${problem}`, { host: host.slice(0, 100) });
}
