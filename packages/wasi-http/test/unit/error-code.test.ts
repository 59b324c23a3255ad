import type { GuestMemory } from '@wasmlet/wasm-runtime/host';
import { expect, test } from 'vitest';
import {
  type ErrorCode,
  errorCodeBytes,
  type FlatErrorCode,
  HttpFailure,
  readErrorCode,
  storeErrorCode,
} from '../../src/types/error-code.ts';

/** A memory with an allocator that gives away what is new. */
function createMemory(): GuestMemory {
  const bytes = new Uint8Array(4_096).fill(0xaa);
  const view = new DataView(bytes.buffer);
  let next = 1_024;
  const memory: GuestMemory = {
    bytes: () => bytes,
    view: () => view,
    check: (pointer) => pointer,
    span: (pointer, length) => bytes.subarray(pointer, pointer + length),
    allocate(size) {
      next += size;
      return next - size;
    },
    readString: (pointer, length) => Buffer.from(bytes.subarray(pointer, pointer + length)).toString(),
    storeString: (at, text) => memory.storeBytes(at, Buffer.from(text)),
    storeBytes(at, data) {
      const pointer = memory.allocate(data.length, 1);
      bytes.set(data, pointer);
      view.setUint32(at, pointer, true);
      view.setUint32(at + 4, data.length, true);
    },
  };
  return memory;
}

/** The layout of the WIT, once more and in another way: from memory to flat values. */
function flatten(memory: GuestMemory, at: number, { code }: ErrorCode): FlatErrorCode {
  const view = memory.view();
  const [number, payload] = [view.getUint8(at), at + 8];
  const text = (from: number): [number, number, number] => [
    view.getUint8(from),
    view.getUint32(from + 4, true),
    view.getUint32(from + 8, true),
  ];
  switch (code as string) {
    case 'DNS-error': {
      const [given, pointer, length] = text(payload);
      return [
        number,
        given,
        BigInt(pointer),
        length,
        view.getUint8(payload + 12),
        view.getUint16(payload + 14, true),
        0,
      ];
    }
    case 'TLS-alert-received': {
      const [given, pointer, length] = text(payload + 4);
      return [number, view.getUint8(payload), BigInt(view.getUint8(payload + 1)), given, pointer, length, 0];
    }
    case 'HTTP-request-body-size':
    case 'HTTP-response-body-size':
      return [number, view.getUint8(payload), view.getBigUint64(payload + 8, true), 0, 0, 0, 0];
    case 'HTTP-request-header-section-size':
    case 'HTTP-response-header-section-size':
      return [number, view.getUint8(payload), BigInt(view.getUint32(payload + 4, true)), 0, 0, 0, 0];
    case 'HTTP-request-header-size': {
      const [given, pointer, length] = text(payload + 4);
      const size = view.getUint32(payload + 20, true);
      return [
        number,
        view.getUint8(payload),
        BigInt(given),
        pointer,
        length,
        view.getUint8(payload + 16),
        size,
      ];
    }
    case 'HTTP-response-header-size':
    case 'HTTP-response-trailer-size': {
      const [given, pointer, length] = text(payload);
      const size = view.getUint32(payload + 16, true);
      return [number, given, BigInt(pointer), length, view.getUint8(payload + 12), size, 0];
    }
    default: {
      const [given, pointer, length] = text(payload);
      return [number, given, BigInt(pointer), length, 0, 0, 0];
    }
  }
}

const cases: readonly ErrorCode[] = [
  { code: 'DNS-timeout' },
  { code: 'connection-refused' },
  { code: 'configuration-error' },
  { code: 'DNS-error' },
  { code: 'DNS-error', rcode: 'NXDOMAIN' },
  { code: 'DNS-error', rcode: 'SERVFAIL', infoCode: 65_535 },
  { code: 'DNS-error', infoCode: 22 },
  { code: 'TLS-alert-received', alertId: 255 },
  { code: 'TLS-alert-received', alertId: 40, alertMessage: 'handshake failure' },
  { code: 'TLS-alert-received', alertMessage: 'ä' },
  { code: 'HTTP-request-body-size' },
  { code: 'HTTP-request-body-size', size: 0xffff_ffff_ffff_ffffn },
  { code: 'HTTP-response-body-size', size: 0n },
  { code: 'HTTP-request-header-section-size' },
  { code: 'HTTP-response-header-section-size', size: 0xffff_ffffn },
  { code: 'HTTP-request-header-size' },
  { code: 'HTTP-request-header-size', field: {} },
  { code: 'HTTP-request-header-size', field: { name: 'cookie', size: 70_000 } },
  { code: 'HTTP-response-header-size', field: {} },
  { code: 'HTTP-response-trailer-size', field: { size: 1 } },
  { code: 'HTTP-response-header-size', field: { name: 'x' } },
  { code: 'HTTP-response-transfer-coding', text: 'gzip' },
  { code: 'internal-error' },
  { code: 'internal-error', text: '' },
];

test.each(cases)('%o is read as it was written', (detail) => {
  const memory = createMemory();
  storeErrorCode(memory, 64, detail);
  expect(readErrorCode(memory, flatten(memory, 64, detail))).toEqual(detail);
  const after = memory.span(64 + errorCodeBytes, 8);
  expect([...after]).toEqual(Array.from({ length: 8 }, () => 0xaa));
});

test('a number that no case has is none', () => {
  expect(readErrorCode(createMemory(), [39, 0, 0n, 0, 0, 0, 0])).toBeUndefined();
  expect(readErrorCode(createMemory(), [-1, 0, 0n, 0, 0, 0, 0])).toBeUndefined();
});

test('a failure says what it is', () => {
  expect(new HttpFailure({ code: 'internal-error', text: 'why' }).message).toBe('internal-error: why');
  expect(new HttpFailure({ code: 'connection-refused' }).message).toBe('connection-refused');
});
