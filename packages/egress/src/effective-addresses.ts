import { type IpAddress, isInRange, rangeOf } from './ip-address.ts';

/**
 * The addresses that packets to this one may really go to: the IPv4 addresses inside an IPv6 address of a
 * transition mechanism (for Teredo two: client and server), else the address itself.
 */
export function effectiveAddresses(address: IpAddress): readonly IpAddress[] {
  if (address.family === 4 || address.bits <= 1n) return [address];
  const mechanism = mechanisms.find(({ range }) => isInRange(address, range));
  if (mechanism === undefined) return [address];
  return mechanism.embedded(address.bits).map((bits) => ({ family: 4, bits: BigInt.asUintN(32, bits) }));
}

const last = (bits: bigint): readonly bigint[] => [bits];

const mechanisms = [
  { range: rangeOf('::/96'), embedded: last }, // IPv4-compatible
  { range: rangeOf('::ffff:0:0/96'), embedded: last }, // IPv4-mapped
  { range: rangeOf('::ffff:0:0:0/96'), embedded: last }, // IPv4-translated
  { range: rangeOf('64:ff9b::/96'), embedded: last }, // NAT64
  { range: rangeOf('2002::/16'), embedded: (bits: bigint) => [bits >> 80n] }, // 6to4
  { range: rangeOf('2001::/32'), embedded: (bits: bigint) => [~bits, bits >> 64n] }, // Teredo
];
