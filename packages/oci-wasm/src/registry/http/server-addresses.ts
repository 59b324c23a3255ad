import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { type AddressClass, classifyAddress, createEgressGuard } from '@wasmlet/egress';
import { OciError } from '../../errors.ts';
import { isLoopbackName } from './loopback-name.ts';

/** How far inside a network a server is. */
export type Depth = 'public' | 'private' | 'loopback';

/**
 * Judges the addresses of registries and of the servers that registries name. A registry may be anywhere but at
 * addresses that none has (metadata, link-local, multicast); what it names may be no further inside than itself.
 */
export interface ServerAddresses {
  /** How far inside a host is: by itself, or as the lookups so far have shown; else it counts as public. */
  depthOf(hostname: string): Depth;
  /** What is wrong with an IP literal as a server that is named by a public registry; undefined for names. */
  problemOf(hostname: string): AddressProblem | undefined;
  /** Name resolution that hides what lies further inside than `reach`; what it shows is what gets connected to. */
  lookup(reach: Depth): LookupFunction;
}

export interface AddressProblem {
  readonly text: string;
  /** False for addresses that nobody may contact. */
  readonly mayBeRegistry: boolean;
}

export interface ServerAddressesOptions {
  /** Ranges and host names that any registry may name. */
  readonly grants: readonly string[];
  /** @default the system's */
  readonly lookup?: LookupFunction;
}

/** Names whose depth is remembered; further ones count as public. */
const maxNames = 1_000;

export function createServerAddresses({
  grants,
  lookup = systemLookup,
}: ServerAddressesOptions): ServerAddresses {
  // Registries and their servers on one public machine are no matter, so it has no addresses of its own here.
  const egress = createEgressGuard({ allowedHosts: [], grants }, { ownAddresses: () => [] });
  const depths = new Map<string, Depth>();

  const isWithin = (reach: Depth, hostname: string, address: string): boolean =>
    within[reach].includes(classifyAddress(address)) || egress.checkAddress(hostname, address).allowed;

  /** Once public, always public: a name cannot come closer by changing its addresses. */
  const note = (hostname: string, addresses: readonly string[]): void => {
    const found = addresses.map(depthOfAddress);
    const known = depths.get(hostname);
    if (known === undefined && depths.size >= maxNames) return;
    depths.set(hostname, shallowest(known === undefined ? found : [known, ...found]));
  };

  return {
    depthOf(hostname) {
      if (isLoopbackName(hostname)) return 'loopback';
      const address = withoutBrackets(hostname);
      return isIP(address) === 0 ? (depths.get(hostname) ?? 'public') : depthOfAddress(address);
    },
    problemOf(hostname) {
      if (isLoopbackName(hostname)) return { text: 'it is this machine', mayBeRegistry: true };
      const address = withoutBrackets(hostname);
      if (isIP(address) === 0 || isWithin('public', address, address)) return undefined;
      const text = `${address} is a ${classifyAddress(address)} address`;
      return { text, mayBeRegistry: isWithin('loopback', address, address) };
    },
    lookup: (reach) => (hostname, options, callback) => {
      lookup(hostname, { ...options, all: true }, (error, found) => {
        if (error || typeof found === 'string') return callback(error, '');
        const allowed = found.filter(({ address }) => isWithin(reach, hostname, address));
        const [first] = allowed;
        if (first === undefined) return callback(refusal(hostname, found[0]?.address), '');
        note(
          hostname,
          allowed.map(({ address }) => address),
        );
        if (options.all === true) callback(null, allowed);
        else callback(null, first.address, first.family);
      });
    },
  };
}

/** What may be contacted, besides granted addresses. Reserved ranges are some networks' own (proxies', labs'). */
const within: Readonly<Record<Depth, readonly AddressClass[]>> = {
  public: ['public'],
  private: ['public', 'private', 'reserved'],
  loopback: ['public', 'private', 'reserved', 'loopback'],
};

function depthOfAddress(address: string): Depth {
  const kind = classifyAddress(address);
  if (kind === 'loopback') return 'loopback';
  return kind === 'private' || kind === 'reserved' ? 'private' : 'public';
}

function shallowest(depths: readonly Depth[]): Depth {
  if (depths.includes('public')) return 'public';
  return depths.includes('private') ? 'private' : 'loopback';
}

function refusal(host: string, address: string | undefined): OciError {
  if (address === undefined) {
    return new OciError('UNAVAILABLE', `${host}: its name has no address; check the name`, { host });
  }
  const problem = `it has ${address}, a ${classifyAddress(address)} address, which no registry elsewhere may name`;
  return new OciError('UNSAFE_URL', `${host} is refused: ${problem}; grant it if it is meant`, { host });
}

function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
