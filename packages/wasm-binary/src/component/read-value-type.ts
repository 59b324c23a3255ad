import type { ByteReader } from '../byte-reader.ts';
import { isLabel } from './extern-name.ts';
import { layoutOf } from './layout.ts';
import { lookUp, type Scope } from './scope.ts';
import { isValueType } from './type-parts.ts';
import type { NamedType, PrimitiveKind, ResourceId, ValueType, VariantCase } from './types.ts';

const primitives: Readonly<Record<number, PrimitiveKind>> = {
  0x7f: 'bool',
  0x7e: 's8',
  0x7d: 'u8',
  0x7c: 's16',
  0x7b: 'u16',
  0x7a: 's32',
  0x79: 'u32',
  0x78: 's64',
  0x77: 'u64',
  0x76: 'f32',
  0x75: 'f64',
  0x74: 'char',
  0x73: 'string',
  0x64: 'error-context',
};
const maxElementBytes = 2 ** 28;
const maxFlags = 32;
const keyTypes: ReadonlySet<string> = new Set(
  Object.values(primitives).filter((kind) => !['f32', 'f64', 'error-context'].includes(kind)),
);

/** A type where it is used: one without parts, or the index of another. */
export function readValueType(reader: ByteReader, scope: Scope): ValueType {
  const first = reader.byte();
  const primitive = primitives[first];
  if (primitive !== undefined) return { kind: primitive };
  const type = lookUp(scope, 'type', readTypeIndex(reader, first));
  return isValueType(type)
    ? type
    : scope.reading.invalid(`a ${type.kind} type where one of values is wanted`);
}

/** A type of values where it is defined; its first byte has been read. Throws `INVALID`, `MALFORMED`, `TOO_LARGE`. */
export function readDefinedValueType(reader: ByteReader, opcode: number, scope: Scope): ValueType {
  const { reading } = scope;
  const type = readByOpcode(reader, opcode, scope);
  reading.factsOf(type);
  if (layoutOf(type, reading.layouts).size >= maxElementBytes) {
    reading.invalid(`a type of values of ${maxElementBytes} bytes or more`);
  }
  return type;
}

/** Results and payloads that may be missing. */
export function readOptional<T>(reader: ByteReader, read: () => T): T | undefined {
  switch (reader.byte()) {
    case 0:
      return undefined;
    case 1:
      return read();
    default:
      return reader.fail('neither 0 nor 1 where something may be missing');
  }
}

/** Names of fields, parameters and the like, which have to be labels and differ in any spelling. */
export function createLabels(scope: Scope): (reader: ByteReader) => string {
  const taken = new Set<string>();
  return (reader) => {
    const label = scope.reading.name(reader);
    if (!isLabel(label)) scope.reading.invalid(`"${label}" is no label`);
    if (taken.has(label.toLowerCase())) scope.reading.invalid(`the label "${label}" is taken`);
    taken.add(label.toLowerCase());
    return label;
  };
}

export function readNamedTypes(reader: ByteReader, scope: Scope, what: string): readonly NamedType[] {
  const label = createLabels(scope);
  return readList(reader, what, () => ({ name: label(reader), type: readValueType(reader, scope) }));
}

export function readList<T>(reader: ByteReader, what: string, read: () => T): readonly T[] {
  const list: T[] = [];
  for (let left = reader.count(what); left > 0; left -= 1) list.push(read());
  return list;
}

/** The resource that an index of types stands for. */
export function readResource(reader: ByteReader, scope: Scope): ResourceId {
  const type = lookUp(scope, 'type', reader.u32());
  return type.kind === 'resource'
    ? type.resource
    : scope.reading.invalid(`a ${type.kind} type where a resource is wanted`);
}

function readByOpcode(reader: ByteReader, opcode: number, scope: Scope): ValueType {
  const { reading } = scope;
  const valueType = (): ValueType => readValueType(reader, scope);
  const some = <T>(list: readonly T[]): readonly T[] =>
    list.length > 0 ? list : reading.invalid('a type of nothing where at least one part is wanted');
  const primitive = primitives[opcode];
  if (primitive !== undefined) return { kind: primitive };
  switch (opcode) {
    case 0x72:
      return { kind: 'record', fields: some(readNamedTypes(reader, scope, 'fields')) };
    case 0x71:
      return { kind: 'variant', cases: some(readCases(reader, scope)) };
    case 0x70:
      return { kind: 'list', element: valueType() };
    case 0x67: {
      const element = valueType();
      const length = reader.u32();
      return length > 0 ? { kind: 'list', element, length } : reading.invalid('a list of length 0');
    }
    case 0x6f:
      return { kind: 'tuple', elements: some(readList(reader, 'elements', valueType)) };
    case 0x6e: {
      const labels = some(readLabels(reader, scope, 'flags'));
      return labels.length <= maxFlags
        ? { kind: 'flags', labels }
        : reading.invalid(`more than ${maxFlags} flags`);
    }
    case 0x6d:
      return { kind: 'enum', labels: some(readLabels(reader, scope, 'cases')) };
    case 0x6b:
      return { kind: 'option', type: valueType() };
    case 0x6a: {
      const ok = readOptional(reader, valueType);
      const error = readOptional(reader, valueType);
      return { kind: 'result', ...(ok && { ok }), ...(error && { error }) };
    }
    case 0x69:
      return { kind: 'own', resource: readResource(reader, scope) };
    case 0x68:
      return { kind: 'borrow', resource: readResource(reader, scope) };
    case 0x66:
    case 0x65: {
      const element = readOptional(reader, valueType);
      if (element && reading.factsOf(element).hasBorrow)
        reading.invalid('a stream or future of what is borrowed');
      if (opcode === 0x66 && element?.kind === 'char') reading.invalid('a stream of char');
      return { kind: opcode === 0x66 ? 'stream' : 'future', ...(element && { element }) };
    }
    case 0x63: {
      const key = valueType();
      if (!keyTypes.has(key.kind)) reading.invalid(`a map with keys of ${key.kind}`);
      return { kind: 'map', key, value: valueType() };
    }
    default:
      return reader.fail(`an unknown type 0x${opcode.toString(16)}`);
  }
}

function readLabels(reader: ByteReader, scope: Scope, what: string): readonly string[] {
  const label = createLabels(scope);
  return readList(reader, what, () => label(reader));
}

function readCases(reader: ByteReader, scope: Scope): readonly VariantCase[] {
  const label = createLabels(scope);
  return readList(reader, 'cases', () => {
    const name = label(reader);
    const type = readOptional(reader, () => readValueType(reader, scope));
    if (reader.byte() !== 0) reader.fail('a case that refines another');
    return { name, ...(type && { type }) };
  });
}

/** A signed number of 33 bits that is not negative, of which the first byte has been read. */
function readTypeIndex(reader: ByteReader, first: number): number {
  let value = 0;
  let byte = first;
  for (let place = 0; ; place += 1) {
    if (place === 4 && byte > 0x0f) return reader.fail('an index of more than 32 bits');
    value += (byte & 0x7f) * 2 ** (7 * place);
    if (byte < 0x80) break;
    byte = reader.byte();
  }
  // The highest bit of the last byte is the sign.
  return byte >= 0x40 ? reader.fail('an unknown type of values') : value;
}
