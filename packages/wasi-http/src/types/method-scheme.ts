import type { GuestView } from '@wasmlet/wasm-runtime/host';
import { isToken } from './fields.ts';
import { storeText } from './host-function.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];
const schemes = ['http', 'https'];

/** A `method` in memory. */
export function storeMethod(guest: GuestView, out: number, method: string): void {
  storeNameOrOther(guest, out, methods, method);
}

/** A lowered `method`; undefined when HTTP has none of that name. */
export function readMethod(
  guest: GuestView,
  number: number,
  pointer: number,
  length: number,
): string | undefined {
  const name = readNameOrOther(guest, methods, number, pointer, length);
  return isToken(name) ? name : undefined;
}

/** An `option<scheme>` in memory. */
export function storeScheme(guest: GuestView, out: number, scheme: string | undefined): void {
  const at = guest.check(out, 16, 4);
  guest.bytes()[at] = scheme === undefined ? 0 : 1;
  if (scheme !== undefined) storeNameOrOther(guest, at + 4, schemes, scheme);
}

/** A lowered `scheme`; undefined when URLs have none of that name. */
export function readScheme(
  guest: GuestView,
  number: number,
  pointer: number,
  length: number,
): string | undefined {
  const name = readNameOrOther(guest, schemes, number, pointer, length);
  return /^[A-Za-z][A-Za-z0-9+\-.]*$/.test(name) ? name.toLowerCase() : undefined;
}

/** A variant of known names with `other(string)` at its end. */
function storeNameOrOther(guest: GuestView, out: number, known: readonly string[], name: string): void {
  const at = guest.check(out, 12, 4);
  const number = known.indexOf(name);
  if (number === -1) storeText(guest, at, name);
  guest.bytes()[at] = number === -1 ? known.length : number;
}

function readNameOrOther(
  guest: GuestView,
  known: readonly string[],
  number: number,
  pointer: number,
  length: number,
): string {
  const name = known[number];
  if (name !== undefined) return name;
  if (number !== known.length)
    guest.trap(`a variant of ${known.length + 1} cases has no case ${number >>> 0}`);
  return guest.readString(pointer, length, maxNameBytes);
}

const maxNameBytes = 1024;
