import type { ByteReader } from './byte-reader.ts';
import { WasmBinaryError } from './errors.ts';

/** Reads names until they are too long together: each is decoded, which takes time. */
export function createNameBudget(maxBytes: number): (reader: ByteReader) => string {
  let read = 0;
  return (reader) => {
    const start = reader.offset;
    const name = reader.name();
    read += reader.offset - start;
    if (read > maxBytes) {
      throw new WasmBinaryError('TOO_LARGE', `names of more than ${maxBytes} bytes together`, start);
    }
    return name;
  };
}
