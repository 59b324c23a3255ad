import { isIPv4, isIPv6 } from 'node:net';

/** An IP address as a number, which makes ranges a matter of shifting. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly bits: bigint;
}

/** A block of addresses: those that begin with the first `prefix` bits of `start`. */
export interface IpRange {
  readonly start: IpAddress;
  readonly prefix: number;
}

/** Reads an address in its usual spelling; a zone (`%eth0`) is dropped. Undefined when it is none. */
export function parseAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { family: 4, bits: joined(text.split('.').map(Number), 8n) };
  if (isIPv6(text)) return { family: 6, bits: joined(groupsOf(text.replace(/%.*$/s, '')), 16n) };
  return undefined;
}

/** Reads `address/prefix`. Undefined when it is none; bits beyond the prefix are left as they are. */
export function parseRange(text: string): IpRange | undefined {
  const [, address = '', length = ''] = /^([^/%]+)\/(\d{1,3})$/.exec(text) ?? [];
  const start = parseAddress(address);
  const prefix = Number(length);
  if (start === undefined || prefix > bitsOf(start.family)) return undefined;
  return { start, prefix };
}

/** A range that stands in the source. */
export function rangeOf(text: string): IpRange {
  const range = parseRange(text);
  if (range === undefined) throw new TypeError(`${text} is no range`);
  return range;
}

export function isInRange(address: IpAddress, { start, prefix }: IpRange): boolean {
  if (address.family !== start.family) return false;
  const rest = BigInt(bitsOf(start.family) - prefix);
  return address.bits >> rest === start.bits >> rest;
}

/** The range's first address, with all bits beyond the prefix zero. */
export function firstOf({ start, prefix }: IpRange): IpAddress {
  const rest = BigInt(bitsOf(start.family) - prefix);
  return { family: start.family, bits: (start.bits >> rest) << rest };
}

/** A range as text, with all bits beyond the prefix zero. */
export function describeRange(range: IpRange): string {
  return `${formatAddress(firstOf(range))}/${range.prefix}`;
}

export function formatAddress({ family, bits }: IpAddress): string {
  if (family === 4) return split(bits, 4, 8n).join('.');
  const groups = split(bits, 8, 16n).map((group) => group.toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

export function bitsOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

/** The eight groups of an IPv6 address that is known to be one. */
function groupsOf(text: string): readonly number[] {
  const [head = '', tail] = text.split('::');
  const before = groupsIn(head);
  if (tail === undefined) return before;
  const after = groupsIn(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return [...before, ...zeros, ...after];
}

function groupsIn(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

function joined(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((bits, part) => (bits << width) | BigInt(part), 0n);
}

function split(bits: bigint, count: number, width: bigint): readonly number[] {
  return Array.from({ length: count }, (_, index) =>
    Number(BigInt.asUintN(Number(width), bits >> (width * BigInt(count - 1 - index)))),
  );
}
