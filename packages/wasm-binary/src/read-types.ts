import type { ByteReader } from './byte-reader.ts';
import { WasmBinaryError } from './errors.ts';
import { skipValueType } from './instructions.ts';

/** What a type section holds. */
export interface TypeCounts {
  /** Types, those in groups one by one, as they are numbered. */
  readonly types: number;
  /** Whether there are structs or arrays: what is made of them lies in the engine's heap, not in a memory. */
  readonly garbageCollected: boolean;
}

const form = {
  array: 0x5e,
  struct: 0x5f,
  function: 0x60,
  group: 0x4e,
  openSubtype: 0x50,
  finalSubtype: 0x4f,
} as const;

/**
 * Reads a type section. Throws {@link WasmBinaryError} `TOO_LARGE` at more than `limit` types.
 *
 * @param onFunction reads the parameters and results of a function type, of this number
 */
export function readTypes(
  reader: ByteReader,
  limit: number,
  onFunction: (number: number, reader: ByteReader) => void = skipSignature,
): TypeCounts {
  let types = 0;
  let garbageCollected = false;

  const readType = (first: number): void => {
    types += 1;
    if (types > limit) {
      throw new WasmBinaryError('TOO_LARGE', `more than ${limit} types`, reader.offset);
    }
    let kind = first;
    if (kind === form.openSubtype || kind === form.finalSubtype) {
      for (let left = reader.count('supertypes'); left > 0; left -= 1) reader.u32();
      kind = reader.byte();
    }
    switch (kind) {
      case form.function:
        onFunction(types - 1, reader);
        break;
      case form.struct:
        garbageCollected = true;
        for (let left = reader.count('fields'); left > 0; left -= 1) skipField(reader);
        break;
      case form.array:
        garbageCollected = true;
        skipField(reader);
        break;
      default:
        reader.fail('an unknown form of a type');
    }
  };

  for (let left = reader.count('types'); left > 0; left -= 1) {
    const first = reader.byte();
    if (first !== form.group) readType(first);
    else for (let members = reader.count('types'); members > 0; members -= 1) readType(reader.byte());
  }
  return { types, garbageCollected };
}

function skipSignature(_number: number, reader: ByteReader): void {
  for (let left = reader.count('parameters'); left > 0; left -= 1) skipValueType(reader);
  for (let left = reader.count('results'); left > 0; left -= 1) skipValueType(reader);
}

function skipField(reader: ByteReader): void {
  skipValueType(reader);
  reader.skip(1); // whether it can change
}
