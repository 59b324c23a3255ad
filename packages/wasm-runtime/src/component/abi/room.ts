import type { LinkedGuest } from '../link/linked-guest.ts';

/** Where values of known size lie: a guest's memory, or a few bytes of the linker's own for values that are passed flat. */
export interface Room {
  view(): DataView;
}

/** How many bytes of strings and lists one call may turn into values of JavaScript. */
export interface Allowance {
  left: number;
}

export function charge(allowance: Allowance, bytes: number, guest: LinkedGuest): void {
  allowance.left -= bytes;
  if (allowance.left < 0) guest.trap('a value that takes more bytes than calls may have');
}

/** Reads the number of a case; traps for one that there is not. */
export function loadCase(
  view: DataView,
  at: number,
  { discriminantBytes, cases }: { readonly discriminantBytes: 1 | 2 | 4; readonly cases: readonly unknown[] },
  guest: LinkedGuest,
): number {
  const number =
    discriminantBytes === 1
      ? view.getUint8(at)
      : discriminantBytes === 2
        ? view.getUint16(at, true)
        : view.getUint32(at, true);
  checkCase(number, cases.length, guest);
  return number;
}

export function checkCase(number: number, cases: number, guest: LinkedGuest): void {
  if (number >= cases) guest.trap(`invalid variant discriminant: ${number} of ${cases} cases`);
}

export function storeCase(view: DataView, at: number, bytes: 1 | 2 | 4, number: number): void {
  if (bytes === 1) view.setUint8(at, number);
  else if (bytes === 2) view.setUint16(at, number, true);
  else view.setUint32(at, number, true);
}

/** Bits of flags; those without a label do not count. */
export function loadFlags(view: DataView, at: number, bytes: number, labels: number): number {
  const bits =
    bytes === 1 ? view.getUint8(at) : bytes === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
  return labels >= 32 ? bits : bits & ((1 << labels) - 1);
}

export function storeFlags(view: DataView, at: number, bytes: number, bits: number): void {
  if (bytes === 1) view.setUint8(at, bits);
  else if (bytes === 2) view.setUint16(at, bits, true);
  else view.setUint32(at, bits, true);
}
