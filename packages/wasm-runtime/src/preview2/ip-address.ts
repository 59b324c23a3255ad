import { isIPv6 } from 'node:net';
import type { GuestView } from '../component/host-interface.ts';
import type { SocketAddress } from '../system/connection.ts';

/** `ip-address-family`. */
export const family = { ipv4: 0, ipv6: 1 } as const;

/** An `ip-socket-address` as a parameter: its case, and the fields of its cases one upon the other. */
export type FlatSocketAddress = readonly number[];

/** Core values that one takes. */
export const socketAddressValues = 12;

export interface TypedAddress extends SocketAddress {
  readonly family: number;
}

/** Traps for a case that there is not. */
export function readSocketAddress(guest: GuestView, [which = 0, ...fields]: FlatSocketAddress): TypedAddress {
  const port = (fields[0] ?? 0) & 0xffff;
  if (which === family.ipv4) {
    const address = fields.slice(1, 5).map((byte) => byte & 0xff);
    return { family: which, address: address.join('.'), port };
  }
  if (which !== family.ipv6) guest.trap(`${which} is no case of an ip-socket-address`);
  return { family: which, address: ipv6Text(fields.slice(2, 10)), port };
}

/** One that lies in memory, at a place that has been checked. */
export function readStoredAddress(guest: GuestView, at: number): TypedAddress {
  const view = guest.view();
  const which = view.getUint8(at);
  const port = view.getUint16(at + 4, true);
  if (which !== family.ipv6) {
    const bytes = [6, 7, 8, 9].map((offset) => view.getUint8(at + offset));
    return readSocketAddress(guest, [which, port, ...bytes]);
  }
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(at + 12 + 2 * index, true));
  return readSocketAddress(guest, [which, port, view.getUint32(at + 8, true), ...groups]);
}

/** The success of a `result<ip-socket-address, error-code>`. */
export function putSocketAddress(guest: GuestView, result: number, address: SocketAddress): void {
  const at = guest.check(result, 36, 4);
  guest.view().setUint8(at, 0);
  storeSocketAddress(guest.view(), at + 4, address);
}

/** An `ip-socket-address` at a place that has been checked. */
export function storeSocketAddress(view: DataView, at: number, { address, port }: SocketAddress): void {
  view.setUint16(at + 4, port, true);
  if (isIPv6(address)) {
    view.setUint8(at, family.ipv6);
    view.setUint32(at + 8, 0, true);
    for (const [index, group] of ipv6Groups(address).entries())
      view.setUint16(at + 12 + 2 * index, group, true);
    view.setUint32(at + 28, 0, true);
  } else {
    view.setUint8(at, family.ipv4);
    for (const [index, byte] of ipv4Bytes(address).entries()) view.setUint8(at + 6 + index, byte);
  }
}

/** An `ip-address` at a place that has been checked. */
export function putIpAddress(view: DataView, at: number, address: string): void {
  const six = isIPv6(address);
  view.setUint8(at, six ? family.ipv6 : family.ipv4);
  if (six) {
    for (const [index, group] of ipv6Groups(address).entries())
      view.setUint16(at + 2 + 2 * index, group, true);
  } else {
    for (const [index, byte] of ipv4Bytes(address).entries()) view.setUint8(at + 2 + index, byte);
  }
}

/** Whether one host can be meant: no group, and not all of a network. */
export function isUnicast({ address }: SocketAddress): boolean {
  if (isIPv6(address)) return ((ipv6Groups(address)[0] ?? 0) & 0xff00) !== 0xff00;
  const [first = 0] = ipv4Bytes(address);
  return (first < 224 || first > 239) && address !== '255.255.255.255';
}

export function isUnspecified({ address }: SocketAddress): boolean {
  return isIPv6(address) ? ipv6Groups(address).every((group) => group === 0) : address === '0.0.0.0';
}

/** An IPv4 address that is written as one of IPv6, which is another way to the same host. */
export function isMapped({ address }: SocketAddress): boolean {
  if (!isIPv6(address)) return false;
  const groups = ipv6Groups(address);
  return groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
}

function ipv4Bytes(address: string): readonly number[] {
  return address.split('.').map(Number);
}

function ipv6Text(groups: readonly number[]): string {
  return groups.map((group) => (group & 0xffff).toString(16)).join(':');
}

function ipv6Groups(address: string): readonly number[] {
  const [plain = ''] = address.split('%');
  const text = plain.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...bytes: readonly string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = '', tail] = text.split('::');
  const [front, back] = [groupsOf(head), groupsOf(tail ?? '')];
  const missing = tail === undefined ? 0 : 8 - front.length - back.length;
  return [...front, ...Array.from({ length: missing }, () => 0), ...back];
}

function groupsOf(part: string): readonly number[] {
  return part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
}
