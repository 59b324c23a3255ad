import { canonicalHost } from './canonical-host.ts';
import { effectiveAddresses } from './effective-addresses.ts';
import { EgressError } from './errors.ts';
import {
  bitsOf,
  firstOf,
  formatAddress,
  type IpAddress,
  type IpRange,
  isInRange,
  parseAddress,
  parseRange,
} from './ip-address.ts';

/** What an operator has opened: ranges of addresses, and names whose addresses are open. */
export interface Grants {
  /** Whether `address`, found under `host` (in canonical form), has been opened. */
  cover(host: string, address: IpAddress): boolean;
}

/** Reads grants; throws {@link EgressError} `INVALID_GRANT` at the first that is none. */
export function parseGrants(texts: readonly string[]): Grants {
  const ranges: IpRange[] = [];
  const names = new Set<string>();
  for (const text of texts) {
    const grant = parseGrant(text);
    if (typeof grant === 'string') names.add(grant);
    else ranges.push(grant);
  }
  const isOpen = (address: IpAddress): boolean => ranges.some((range) => isInRange(address, range));
  return {
    cover: (host, address) => names.has(host) || effectiveAddresses(address).every(isOpen),
  };
}

/** A range, or a host name in canonical form. */
function parseGrant(text: string): IpRange | string {
  if (text.includes('/')) return parseGrantedRange(text);
  let host: string;
  try {
    host = canonicalHost(text);
  } catch (cause) {
    throw invalidGrant(text, 'write a range (10.0.0.0/8), an address or a host name', cause);
  }
  const address = parseAddress(host);
  return address === undefined ? host : checked(text, { start: address, prefix: bitsOf(address.family) });
}

function parseGrantedRange(text: string): IpRange {
  const range = parseRange(text);
  if (range === undefined) throw invalidGrant(text, 'write a range as 10.0.0.0/8 or fd00::/8');
  const first = firstOf(range);
  if (first.bits !== range.start.bits) {
    const [block, single] = [formatAddress(first), formatAddress(range.start)];
    throw invalidGrant(
      text,
      `it has bits beyond its prefix; write ${block}/${range.prefix} for all of it, or ${single} for one address`,
    );
  }
  return checked(text, range);
}

/** Addresses are looked up by what they stand for, so a range of such spellings would never be found. */
function checked(text: string, range: IpRange): IpRange {
  const [effective] = effectiveAddresses(range.start);
  if (range.start.family === 4 || range.prefix < 96 || effective?.family !== 4) return range;
  throw invalidGrant(text, 'it stands for IPv4 addresses; write them as such');
}

function invalidGrant(text: string, problem: string, cause?: unknown): EgressError {
  const shown = JSON.stringify(text.slice(0, 100));
  return new EgressError('INVALID_GRANT', `${shown} is no grant: ${problem}`, { cause });
}
