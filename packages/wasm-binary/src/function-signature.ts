import type { ByteReader } from './byte-reader.ts';
import { describeWasm } from './describe-wasm.ts';
import { sectionId } from './edit-sections.ts';
import { skipValueType } from './instructions.ts';
import { defaultLimits } from './limits.ts';
import { mostTypes } from './measure-module.ts';
import { readTypes } from './read-types.ts';
import { sectionsOf } from './sections.ts';

/** Types of numbers; `other` is a vector or a reference. */
export type SignatureType = 'i32' | 'i64' | 'f32' | 'f64' | 'other';

/** What a function takes and gives. */
export interface FunctionSignature {
  readonly params: readonly SignatureType[];
  readonly results: readonly SignatureType[];
}

/**
 * The signature of a function that a module exports; `undefined` where it exports none of that name, or one that it has imported.
 *
 * Throws {@link WasmBinaryError} as `describeWasm` does.
 */
export function exportedSignature(bytes: Uint8Array, name: string): FunctionSignature | undefined {
  const description = describeWasm(bytes);
  if (description.kind !== 'module') return undefined;
  const contents = new Map<number, ByteReader>();
  for (const { id, content } of sectionsOf(bytes, defaultLimits.maxSections)) contents.set(id, content);
  const number = exportedFunction(contents.get(sectionId.export), name);
  const imported = description.imports.filter(({ kind }) => kind === 'function').length;
  const own = number === undefined ? -1 : number - imported;
  const types = contents.get(sectionId.type);
  const type = own < 0 ? undefined : itemAt(contents.get(sectionId.function), own);
  return types === undefined || type === undefined ? undefined : signatureAt(types, type);
}

function exportedFunction(exports: ByteReader | undefined, wanted: string): number | undefined {
  for (let left = exports?.count('exports') ?? 0; exports && left > 0; left -= 1) {
    const name = exports.name();
    const kind = exports.byte();
    const number = exports.u32();
    if (kind === 0 && name === wanted) return number;
  }
  return undefined;
}

/** Item of a list of numbers. */
function itemAt(list: ByteReader | undefined, at: number): number | undefined {
  const count = list?.count('functions') ?? 0;
  if (list === undefined || at >= count) return undefined;
  for (let left = at; left > 0; left -= 1) list.u32();
  return list.u32();
}

function signatureAt(types: ByteReader, wanted: number): FunctionSignature | undefined {
  let found: FunctionSignature | undefined;
  readTypes(types, mostTypes, (number, reader) => {
    const params = readValueTypes(reader);
    const results = readValueTypes(reader);
    if (number === wanted) found = { params, results };
  });
  return found;
}

const numberTypes: ReadonlyMap<number, SignatureType> = new Map([
  [0x7f, 'i32'],
  [0x7e, 'i64'],
  [0x7d, 'f32'],
  [0x7c, 'f64'],
]);

function readValueTypes(reader: ByteReader): readonly SignatureType[] {
  const types: SignatureType[] = [];
  for (let left = reader.count('types'); left > 0; left -= 1) {
    const first = reader.byte();
    skipValueType(reader, first);
    types.push(numberTypes.get(first) ?? 'other');
  }
  return types;
}
