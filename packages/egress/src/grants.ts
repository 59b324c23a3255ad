import { canonicalHost } from './canonical-host.ts';
import { effectiveAddresses } from './effective-addresses.ts';
import { isPortIn, parsePorts, type PortRange } from './endpoint.ts';
import { entryParts } from './entry-parts.ts';
import { EgressError } from './errors.ts';
import {
  bitsOf,
  describeRange,
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
  cover(host: string, address: IpAddress, need?: GrantNeed): boolean;
  /**
   * The longest prefix among the ranges that hold the address, at this port; undefined where none does and `host` is not named.
   * What is for a port alone does not hold one without.
   */
  prefixOver(host: string, address: IpAddress, port: number | undefined): number | undefined;
}

/** What a grant has to be like to count. Absent: any that covers the address. */
export interface GrantNeed {
  readonly port?: number | undefined;
  /** Only a grant that names the port. */
  readonly namesPort?: boolean;
  /** Only ranges no larger than that. */
  readonly minPrefix?: number | undefined;
}

interface Grant {
  /** A range, or a host name in canonical form. */
  readonly of: IpRange | string;
  readonly ports: PortRange | undefined;
}

/** Reads grants; throws {@link EgressError} `INVALID_GRANT` at the first that is none. */
export function parseGrants(texts: readonly string[]): Grants {
  const grants = texts.map(parseGrant);
  const holding = (address: IpAddress): readonly Grant[] =>
    grants.filter(({ of }) => typeof of !== 'string' && isInRange(address, of));
  const naming = (host: string): readonly Grant[] => grants.filter(({ of }) => of === host);
  return {
    cover: (host, address, need = {}) =>
      naming(host).some((grant) => suffices(grant, need)) ||
      effectiveAddresses(address).every((each) => holding(each).some((grant) => suffices(grant, need))),
    prefixOver(host, address, port) {
      const over = [...effectiveAddresses(address).flatMap(holding), ...naming(host)].filter(
        ({ ports }) => ports === undefined || (port !== undefined && isPortIn(port, ports)),
      );
      return over.length === 0 ? undefined : Math.max(...over.map(prefixOf));
    },
  };
}

function suffices({ of, ports }: Grant, { port, namesPort = false, minPrefix = 0 }: GrantNeed): boolean {
  if (typeof of !== 'string' && of.prefix < minPrefix) return false;
  if (ports === undefined) return !namesPort;
  return port === undefined || isPortIn(port, ports);
}

/** A name's is none. */
function prefixOf({ of }: Grant): number {
  return typeof of === 'string' ? 0 : of.prefix;
}

function parseGrant(text: string): Grant {
  const { scheme, host, port } = entryParts(text);
  const ports = port === undefined ? undefined : parsePorts(port);
  if (scheme !== undefined)
    throw invalidGrant(text, 'write a range as 10.0.0.0/8, or a host without a scheme');
  if (port !== undefined && ports === undefined) {
    throw invalidGrant(text, 'a port is a number from 1 to 65535, or 8000-8999');
  }
  return { of: host.includes('/') ? parseGrantedRange(text, host) : parseGrantedHost(text, host), ports };
}

function parseGrantedHost(text: string, written: string): IpRange | string {
  let host: string;
  try {
    host = canonicalHost(written);
  } catch (cause) {
    throw invalidGrant(text, 'write a range (10.0.0.0/8), an address or a host name', cause);
  }
  const address = parseAddress(host);
  return address === undefined ? host : checked(text, { start: address, prefix: bitsOf(address.family) });
}

function parseGrantedRange(text: string, written: string): IpRange {
  const range = parseRange(written);
  if (range === undefined) throw invalidGrant(text, 'write a range as 10.0.0.0/8 or fd00::/8');
  if (firstOf(range).bits !== range.start.bits) {
    const [block, single] = [describeRange(range), formatAddress(range.start)];
    throw invalidGrant(
      text,
      `it has bits beyond its prefix; write ${block} for all of it, or ${single} for one address`,
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
