import type { ByteReader } from './byte-reader.ts';
import { WasmBinaryError } from './errors.ts';

/** Reads all items of a section into a list, which has at most `limit` of them, those of earlier sections included. */
export function readItems<T>(
  reader: ByteReader,
  { into, what, limit }: { readonly into: T[]; readonly what: string; readonly limit: number },
  read: () => T,
): void {
  const count = into.length + reader.count(what);
  if (count > limit) {
    throw new WasmBinaryError('TOO_LARGE', `${count} ${what}; at most ${limit} are read`, reader.offset);
  }
  while (into.length < count) into.push(read());
  if (!reader.atEnd) reader.fail(`bytes after the last of the ${what}`);
}
