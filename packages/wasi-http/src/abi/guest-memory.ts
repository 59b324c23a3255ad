import { refuse } from './error-code.ts';

/**
 * The guest's memory as it is now; after a wait, open it again. Lengths and pointers are the guest's: i32, read as
 * unsigned. A pointer that comes with length 0 may be anything and is not looked at.
 */
export interface GuestMemory {
  readonly length: number;
  /** A copy of the guest's input. Refuses with `buffer_too_small` outside the memory. */
  input(pointer: number, length: number): Uint8Array;
  /** The same as UTF-8. Refuses with `utf8_error` as well. */
  text(pointer: number, length: number): string;
  /** Refuses with `memory_access_error` unless the bytes may be written. */
  checkOutput(pointer: number, length: number): void;
  write(pointer: number, bytes: Uint8Array): void;
  setU16(pointer: number, value: number): void;
  setU32(pointer: number, value: number): void;
}

/** Refuses with `memory_not_found` for a guest that exports none. */
export function openMemory(memory: WebAssembly.Memory | undefined): GuestMemory {
  if (memory === undefined) return refuse('memoryNotFound');
  const bytes = new Uint8Array(memory.buffer);
  const view = new DataView(memory.buffer);
  const at = (pointer: number, length: number): number => {
    const start = pointer >>> 0;
    if (length > 0 && start + length > bytes.length) refuse('memoryAccessError');
    return start;
  };
  const input = (pointer: number, length: number): Uint8Array => {
    const [start, size] = [pointer >>> 0, length >>> 0];
    if (size === 0) return new Uint8Array(0);
    if (start + size > bytes.length) refuse('bufferTooSmall');
    return bytes.slice(start, start + size);
  };
  return {
    length: bytes.length,
    input,
    text: (pointer, length) => decodeUtf8(input(pointer, length)),
    checkOutput: (pointer, length) => void at(pointer, length),
    write(pointer, source) {
      if (source.length > 0) bytes.set(source, at(pointer, source.length));
    },
    setU16: (pointer, value) => view.setUint16(at(pointer, 2), value, true),
    setU32: (pointer, value) => view.setUint32(at(pointer, 4), value, true),
  };
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    return refuse('utf8Error', cause);
  }
}
