import type { GuestMemory } from '@wasmlet/wasm-runtime/host';

/** `error-code` of `wasi:http/types`: why a request or response failed. */
export type ErrorCode =
  | { readonly code: PlainCode }
  | { readonly code: 'DNS-error'; readonly rcode?: string; readonly infoCode?: number }
  | { readonly code: 'TLS-alert-received'; readonly alertId?: number; readonly alertMessage?: string }
  | { readonly code: SizeCode; readonly size?: bigint }
  | { readonly code: FieldCode; readonly field?: FieldSize }
  | { readonly code: TextCode; readonly text?: string };

export interface FieldSize {
  readonly name?: string;
  readonly size?: number;
}

type CodesOf<Shape extends string> = Extract<(typeof codes)[number], readonly [string, Shape]>[0];
export type PlainCode = CodesOf<'plain'>;
export type SizeCode = CodesOf<'u64?' | 'u32?'>;
export type FieldCode = CodesOf<'field' | 'field?'>;
export type TextCode = CodesOf<'text?'>;

/** In the order of the WIT, each with the shape of what it carries. */
const codes = [
  ['DNS-timeout', 'plain'],
  ['DNS-error', 'dns'],
  ['destination-not-found', 'plain'],
  ['destination-unavailable', 'plain'],
  ['destination-IP-prohibited', 'plain'],
  ['destination-IP-unroutable', 'plain'],
  ['connection-refused', 'plain'],
  ['connection-terminated', 'plain'],
  ['connection-timeout', 'plain'],
  ['connection-read-timeout', 'plain'],
  ['connection-write-timeout', 'plain'],
  ['connection-limit-reached', 'plain'],
  ['TLS-protocol-error', 'plain'],
  ['TLS-certificate-error', 'plain'],
  ['TLS-alert-received', 'tls'],
  ['HTTP-request-denied', 'plain'],
  ['HTTP-request-length-required', 'plain'],
  ['HTTP-request-body-size', 'u64?'],
  ['HTTP-request-method-invalid', 'plain'],
  ['HTTP-request-URI-invalid', 'plain'],
  ['HTTP-request-URI-too-long', 'plain'],
  ['HTTP-request-header-section-size', 'u32?'],
  ['HTTP-request-header-size', 'field?'],
  ['HTTP-request-trailer-section-size', 'u32?'],
  ['HTTP-request-trailer-size', 'field'],
  ['HTTP-response-incomplete', 'plain'],
  ['HTTP-response-header-section-size', 'u32?'],
  ['HTTP-response-header-size', 'field'],
  ['HTTP-response-body-size', 'u64?'],
  ['HTTP-response-trailer-section-size', 'u32?'],
  ['HTTP-response-trailer-size', 'field'],
  ['HTTP-response-transfer-coding', 'text?'],
  ['HTTP-response-content-coding', 'text?'],
  ['HTTP-response-timeout', 'plain'],
  ['HTTP-upgrade-failed', 'plain'],
  ['HTTP-protocol-error', 'plain'],
  ['loop-detected', 'plain'],
  ['configuration-error', 'plain'],
  ['internal-error', 'text?'],
] as const;

/** A failure of HTTP that guests are told about by its code. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';
  readonly detail: ErrorCode;
  constructor(detail: ErrorCode, options?: { readonly cause?: unknown }) {
    super(describe(detail), options);
    this.detail = detail;
  }
}

function describe(detail: ErrorCode): string {
  return 'text' in detail && detail.text !== undefined ? `${detail.code}: ${detail.text}` : detail.code;
}

const numbers = new Map<string, number>(codes.map(([code], number) => [code, number]));

/** Bytes of an `error-code` in memory; its alignment is 8. */
export const errorCodeBytes = 32;

/** Writes an `error-code` at `at`. */
export function storeErrorCode(guest: GuestMemory, at: number, detail: ErrorCode): void {
  const number = numbers.get(detail.code)!;
  const payload = at + 8;
  guest.bytes().fill(0, at, at + errorCodeBytes);
  guest.bytes()[at] = number;
  // What a case carries has these names, and no other.
  const { rcode, infoCode, alertId, alertMessage, size, field, text } = detail as Partial<Payload>;
  switch (codes[number]![1]) {
    case 'plain':
      return;
    case 'dns':
      storeText(guest, payload, rcode);
      if (infoCode === undefined) return;
      guest.bytes()[payload + 12] = 1;
      return guest.view().setUint16(payload + 14, infoCode, true);
    case 'tls':
      guest.bytes()[payload] = alertId === undefined ? 0 : 1;
      guest.bytes()[payload + 1] = alertId ?? 0;
      return storeText(guest, payload + 4, alertMessage);
    case 'u64?':
      if (size === undefined) return;
      guest.bytes()[payload] = 1;
      return guest.view().setBigUint64(payload + 8, size, true);
    case 'u32?':
      if (size !== undefined) storeNumber(guest, payload, Number(BigInt.asUintN(32, size)));
      return;
    case 'text?':
      return storeText(guest, payload, text);
    case 'field':
      return storeFieldSize(guest, payload, field ?? {});
    case 'field?':
      if (field === undefined) return;
      guest.bytes()[payload] = 1;
      return storeFieldSize(guest, payload + 4, field);
  }
}

interface Payload {
  readonly rcode: string;
  readonly infoCode: number;
  readonly alertId: number;
  readonly alertMessage: string;
  readonly size: bigint;
  readonly field: FieldSize;
  readonly text: string;
}

function storeFieldSize(guest: GuestMemory, at: number, { name, size }: FieldSize): void {
  storeText(guest, at, name);
  if (size !== undefined) storeNumber(guest, at + 12, size);
}

/** An `option<u32>` that is there. */
function storeNumber(guest: GuestMemory, at: number, value: number): void {
  guest.bytes()[at] = 1;
  guest.view().setUint32(at + 4, value, true);
}

function storeText(guest: GuestMemory, at: number, text: string | undefined): void {
  guest.bytes()[at] = text === undefined ? 0 : 1;
  if (text !== undefined) guest.storeString(at + 4, text);
}

/** The flat values of an `error-code`: its number and what its cases' payloads join to. */
export type FlatErrorCode = readonly [number, number, bigint, number, number, number, number];

/** Reads a lowered `error-code`; undefined for numbers that it has not. */
export function readErrorCode(
  guest: GuestMemory,
  [number, a, b, c, d, e, f]: FlatErrorCode,
): ErrorCode | undefined {
  const known = codes[number];
  if (known === undefined) return undefined;
  const text = (given: number, pointer: number, length: number): string | undefined =>
    given === 0 ? undefined : guest.readString(pointer, length, maxTextBytes);
  const low = Number(BigInt.asIntN(32, b));
  const [code, shape] = known;
  switch (shape) {
    case 'plain':
      return { code };
    case 'u64?':
      return a === 0 ? { code } : { code, size: BigInt.asUintN(64, b) };
    case 'u32?':
      return a === 0 ? { code } : { code, size: BigInt.asUintN(32, b) };
    case 'text?':
      return { code, ...present('text', text(a, low, c)) };
    case 'dns':
      return { code, ...present('rcode', text(a, low, c)), ...(d === 0 ? {} : { infoCode: e & 0xffff }) };
    case 'tls':
      return {
        code,
        ...(a === 0 ? {} : { alertId: low & 0xff }),
        ...present('alertMessage', text(c, d, e)),
      };
    case 'field':
      return { code, field: { ...present('name', text(a, low, c)), ...(d === 0 ? {} : { size: e >>> 0 }) } };
    case 'field?':
      if (a === 0) return { code };
      return { code, field: { ...present('name', text(low, c, d)), ...(e === 0 ? {} : { size: f >>> 0 }) } };
  }
}

function present<Key extends string>(key: Key, value: string | undefined): { readonly [K in Key]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: string };
}

const maxTextBytes = 64 * 1024;
