import type { CoreHostFunction, CoreResult, GuestView } from '@wasmlet/wasm-runtime/host';

/** A function of 32-bit parameters that answers at once. */
export function immediate(
  type: string,
  bind: (guest: GuestView) => (...values: number[]) => CoreResult,
): CoreHostFunction {
  return { type, waits: false, bind };
}

/** Bytes of the guest's as text, a character for each. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** A `result` without payloads, flat: 0 is `ok`. */
export const flatOk = 0;
export const flatError = 1;

/** A `result<own<…>>` or `option<own<…>>` in memory. */
export function storeHandle(guest: GuestView, out: number, handle: number): void {
  const at = guest.check(out, 8, 4);
  guest.bytes()[at] = 0;
  guest.view().setInt32(at + 4, handle, true);
}

/** The error of a `result<own<…>>` that says nothing more. */
export function storeFailed(guest: GuestView, out: number): void {
  guest.bytes()[guest.check(out, 8, 4)] = 1;
}

/** An `option<string>` in memory. */
export function storeText(guest: GuestView, out: number, text: string | undefined): void {
  const at = guest.check(out, 12, 4);
  guest.bytes()[at] = text === undefined ? 0 : 1;
  if (text !== undefined) guest.storeString(at + 4, text);
}
