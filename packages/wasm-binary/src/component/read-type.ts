import type { ByteReader } from '../byte-reader.ts';
import { readCoreValueType } from './read-core-type.ts';
import { readComponentType, readInstanceType } from './read-scope-type.ts';
import { readDefinedValueType, readNamedTypes, readOptional, readValueType } from './read-value-type.ts';
import { lookUp, type Scope } from './scope.ts';
import type { DefinedType, FunctionType, ResourceType, ValueType } from './types.ts';

/** Reads what an index of types will stand for. Its size is checked, its parts are known. */
export function readType(reader: ByteReader, scope: Scope): DefinedType {
  const type = readByOpcode(reader, scope);
  scope.reading.factsOf(type);
  return type;
}

function readByOpcode(reader: ByteReader, scope: Scope): DefinedType {
  const opcode = reader.byte();
  switch (opcode) {
    case 0x40:
      return readFunctionType(reader, scope, false);
    case 0x43:
      return readFunctionType(reader, scope, true);
    case 0x41:
      return readComponentType(reader, scope);
    case 0x42:
      return readInstanceType(reader, scope);
    case 0x3f:
      return readResourceType(reader, scope);
    default:
      return readDefinedValueType(reader, opcode, scope);
  }
}

/** The result of a function, if it has one. */
export function readResult(reader: ByteReader, scope: Scope): ValueType | undefined {
  switch (reader.byte()) {
    case 0:
      return readValueType(reader, scope);
    case 1:
      return reader.byte() === 0 ? undefined : reader.fail('a function with named results');
    default:
      return reader.fail('an unknown form of results');
  }
}

function readFunctionType(reader: ByteReader, scope: Scope, async: boolean): FunctionType {
  const params = readNamedTypes(reader, scope, 'parameters');
  const result = readResult(reader, scope);
  if (result && scope.reading.factsOf(result).hasBorrow) {
    scope.reading.invalid('a function that results in what is borrowed');
  }
  return { kind: 'func', async, params, ...(result && { result }) };
}

function readResourceType(reader: ByteReader, scope: Scope): ResourceType {
  const { reading } = scope;
  if (scope.kind !== 'component')
    reading.invalid('a resource defined in the type of a component or instance');
  const representation = readCoreValueType(reader);
  if (representation === 'i64') reading.unsupported('resources represented by 64 bits');
  if (representation !== 'i32') reading.invalid(`a resource represented by ${representation} instead of i32`);
  const destructor = readOptional(reader, () => reader.u32());
  if (destructor !== undefined) {
    const { params, results } = lookUp(scope, 'core-func', destructor);
    if (params.join() !== 'i32' || results.length > 0)
      reading.invalid('a destructor that is not (i32) -> ()');
  }
  const resource = reading.nextResource();
  scope.ownResources.add(resource);
  return { kind: 'resource', resource, ...(destructor !== undefined && { destructor }) };
}
