import type { ByteReader } from '../byte-reader.ts';
import type { CanonDefinition, CanonOptions } from './canon.ts';
import { type FlatFunction, flattenFunction, flattenType } from './flatten.ts';
import { needsMemory, wantOptions } from './canon-needs.ts';
import { readBuiltIn } from './read-built-in.ts';
import { checkSignature, readCanonOptions } from './read-canon-options.ts';
import { append, lookUp, type Scope } from './scope.ts';
import type { CoreFunctionType, FunctionType } from './types.ts';

/** Reads how a function is made of a core function or the other way, or one that is built in. */
export function readCanon(reader: ByteReader, scope: Scope): CanonDefinition {
  const opcode = reader.byte();
  switch (opcode) {
    case 0x00:
      return readLift(reader, scope);
    case 0x01:
      return readLower(reader, scope);
    default: {
      const { builtIn, signature } = readBuiltIn(reader, opcode, scope);
      const coreType: CoreFunctionType = { kind: 'core-func', ...signature };
      const index = append(scope, 'core-func', coreType);
      return { kind: 'canon', sort: 'core-func', index, coreType, ...builtIn };
    }
  }
}

function readLift(reader: ByteReader, scope: Scope): CanonDefinition {
  readFunctionSort(reader);
  const coreFunc = reader.u32();
  const options = readCanonOptions(reader, scope, ['realloc', 'postReturn', 'async', 'callback']);
  const type = functionTypeAt(scope, reader.u32());
  const flat = flatten(scope, type, 'lift', options);
  checkSignature(scope, coreFunc, 'a lifted core function', flat.params.join(), flat.results.join());
  if (options.postReturn !== undefined) {
    checkSignature(scope, options.postReturn, 'post-return', flat.results.join(), '');
  }
  const params = type.params.some((param) => needsMemory(scope.reading, param.type));
  const result = type.result !== undefined && needsMemory(scope.reading, type.result);
  // What is asynchronous gives its result to task.return, as parameters.
  const many = options.async && type.result !== undefined && flattenType(type.result) === undefined;
  wantOptions(scope, options, {
    memory: result || many || flat.resultInMemory,
    realloc: params || flat.paramsInMemory,
  });
  const index = append(scope, 'func', type);
  return { kind: 'canon', op: 'lift', sort: 'func', index, coreFunc, options, type };
}

function readLower(reader: ByteReader, scope: Scope): CanonDefinition {
  readFunctionSort(reader);
  const func = reader.u32();
  const type = lookUp(scope, 'func', func);
  const options = readCanonOptions(reader, scope, ['realloc', 'async']);
  const flat = flatten(scope, type, 'lower', options);
  const params = type.params.some((param) => needsMemory(scope.reading, param.type));
  const result = type.result !== undefined && needsMemory(scope.reading, type.result);
  wantOptions(scope, options, {
    memory: params || flat.paramsInMemory || flat.resultInMemory,
    realloc: result,
  });
  const coreType: CoreFunctionType = { kind: 'core-func', params: flat.params, results: flat.results };
  const index = append(scope, 'core-func', coreType);
  return { kind: 'canon', op: 'lower', sort: 'core-func', index, coreType, func, options, type };
}

/** The byte behind the opcode says that it is about functions, as if it could be about something else. */
function readFunctionSort(reader: ByteReader): void {
  if (reader.byte() !== 0x00) reader.fail('a canonical definition of something that is no function');
}

function functionTypeAt(scope: Scope, index: number): FunctionType {
  const type = lookUp(scope, 'type', index);
  return type.kind === 'func'
    ? type
    : scope.reading.invalid(`a ${type.kind} type where a function's is wanted`);
}

/** Counts the type's parts, as everything that is done with the function later goes through all of them. */
function flatten(
  { reading }: Scope,
  type: FunctionType,
  direction: 'lift' | 'lower',
  { async, callback }: CanonOptions,
): FlatFunction {
  if (async && !type.async) reading.invalid('the canonical option async for a function that is not');
  reading.countWork(reading.factsOf(type).size);
  return flattenFunction(type, direction, { async, callback: callback !== undefined });
}
