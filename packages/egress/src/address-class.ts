import { effectiveAddresses } from './effective-addresses.ts';
import { EgressError } from './errors.ts';
import { type IpAddress, type IpRange, isInRange, parseAddress, rangeOf } from './ip-address.ts';

/** What an address leads to, as far as it can be told from the address alone. */
export type AddressClass =
  /** Anywhere on the internet. */
  | 'public'
  /** A network of somebody's own: RFC 1918, unique local, and the shared range of carriers (100.64.0.0/10). */
  | 'private'
  /** This machine. */
  | 'loopback'
  /** Machines on the same wire. */
  | 'link-local'
  /** A cloud's service that tells a machine its secrets. */
  | 'metadata'
  | 'multicast'
  /** `0.0.0.0` and `::`, which many systems take for this machine. */
  | 'unspecified'
  /** Documentation, benchmarks, protocol assignments, broadcast, and all that nobody has assigned yet. */
  | 'reserved';

/**
 * Tells the class of an IPv4 or IPv6 address. IPv6 addresses that stand for IPv4 ones (mapped, compatible, NAT64,
 * 6to4, Teredo) have the class of those; a zone (`%eth0`) does not count.
 * Throws {@link EgressError} `INVALID_HOST` for text that is no address.
 */
export function classifyAddress(address: string): AddressClass {
  const parsed = parseAddress(address);
  if (parsed === undefined) {
    throw new EgressError(
      'INVALID_HOST',
      `${JSON.stringify(address.slice(0, 100))} is no IP address; write it as 192.0.2.1 or 2001:db8::1`,
    );
  }
  return classOf(parsed);
}

/** The class of an address that has been read: of several addresses that it stands for, the strictest. */
export function classOf(address: IpAddress): AddressClass {
  const classes = effectiveAddresses(address).map(ownClassOf);
  return classes.find(isNeverContacted) ?? classes.find((kind) => kind !== 'public') ?? 'public';
}

/** Whether addresses of this class stay closed, whatever an operator grants. */
export function isNeverContacted(kind: AddressClass): boolean {
  return kind !== 'public' && kind !== 'private' && kind !== 'loopback';
}

function ownClassOf(address: IpAddress): AddressClass {
  const rules = address.family === 4 ? ipv4Rules : ipv6Rules;
  return rules.find(({ range }) => isInRange(address, range))?.kind ?? unlisted[address.family];
}

/** IPv4 is handed out; of IPv6 only 2000::/3 is. */
const unlisted = { 4: 'public', 6: 'reserved' } as const;

// The first range that holds an address decides.
const ipv4Rules = parseRules([
  ['169.254.169.254/32', 'metadata'], // AWS, Azure, Google, DigitalOcean, Hetzner, OpenStack
  ['169.254.170.2/32', 'metadata'], // AWS ECS credentials
  ['169.254.170.23/32', 'metadata'], // AWS EKS pod identity
  ['169.254.42.42/32', 'metadata'], // Scaleway
  ['169.254.0.23/32', 'metadata'], // Tencent
  ['100.100.100.200/32', 'metadata'], // Alibaba
  ['168.63.129.16/32', 'metadata'], // Azure's wire server
  ['192.0.0.192/32', 'metadata'], // Oracle
  ['0.0.0.0/8', 'unspecified'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'private'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'reserved'],
  ['192.0.2.0/24', 'reserved'],
  ['192.88.99.0/24', 'reserved'], // 6to4 relays, withdrawn
  ['192.168.0.0/16', 'private'],
  ['198.18.0.0/15', 'reserved'],
  ['198.51.100.0/24', 'reserved'],
  ['203.0.113.0/24', 'reserved'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
]);

const ipv6Rules = parseRules([
  ['fd00:ec2::/32', 'metadata'], // AWS: ::254 metadata, ::23 EKS pod identity
  ['fd20:ce::254/128', 'metadata'], // Google
  ['fd00:42::42/128', 'metadata'], // Scaleway
  ['fd00:c1::a9fe:a9fe/128', 'metadata'], // Oracle
  ['fe80::a9fe:a9fe/128', 'metadata'], // OpenStack
  ['::/128', 'unspecified'],
  ['::1/128', 'loopback'],
  ['fc00::/7', 'private'],
  ['fe80::/10', 'link-local'],
  ['ff00::/8', 'multicast'],
  ['2001::/23', 'reserved'], // protocol assignments; Teredo has been unwrapped
  ['2001:db8::/32', 'reserved'],
  ['3fff::/20', 'reserved'],
  ['2000::/3', 'public'],
]);

interface Rule {
  readonly range: IpRange;
  readonly kind: AddressClass;
}

function parseRules(table: readonly (readonly [string, AddressClass])[]): readonly Rule[] {
  return table.map(([text, kind]) => ({ range: rangeOf(text), kind }));
}
