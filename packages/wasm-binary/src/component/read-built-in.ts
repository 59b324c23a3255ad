import type { ByteReader } from '../byte-reader.ts';
import type {
  BareOp,
  CanonBuiltIn,
  CanonOptions,
  CancellableOp,
  StreamCancelOp,
  StreamCopyOp,
  StreamEndOp,
  StreamType,
} from './canon.ts';
import { flattenTypes } from './flatten.ts';
import { needsMemory, wantOptions } from './canon-needs.ts';
import { readCanonOptions, readMemory } from './read-canon-options.ts';
import { readCoreValueType } from './read-core-type.ts';
import { readResult } from './read-type.ts';
import { lookUp, type Scope } from './scope.ts';
import type { CoreFunctionType, CoreValueType } from './types.ts';

type Signature = Pick<CoreFunctionType, 'params' | 'results'>;

/** A built-in and the core function that it is. */
export interface ReadBuiltIn {
  readonly builtIn: CanonBuiltIn;
  readonly signature: Signature;
}

const i32 = (count: number): readonly CoreValueType[] => Array.from({ length: count }, () => 'i32' as const);
const signature = (params: number, results: number): Signature => ({
  params: i32(params),
  results: i32(results),
});

/** Those that nothing follows: how many numbers they take, and how many they give. */
const bare: Readonly<Record<number, readonly [op: BareOp, params: number, results: number]>> = {
  0x05: ['task.cancel', 0, 0],
  0x08: ['backpressure.set', 1, 0],
  0x0d: ['subtask.drop', 1, 0],
  0x1e: ['error-context.drop', 1, 0],
  0x1f: ['waitable-set.new', 0, 1],
  0x22: ['waitable-set.drop', 1, 0],
  0x23: ['waitable.join', 2, 0],
  0x24: ['backpressure.inc', 0, 0],
  0x25: ['backpressure.dec', 0, 0],
  0x26: ['thread.index', 0, 1],
  0x28: ['thread.resume-later', 1, 0],
};
/** Those that say whether they can be cancelled, and how many numbers they take. */
const cancellable: Readonly<Record<number, readonly [op: CancellableOp, params: number]>> = {
  0x0c: ['thread.yield', 0],
  0x29: ['thread.suspend', 0],
  0x2a: ['thread.suspend-then-resume', 1],
  0x2b: ['thread.yield-then-resume', 1],
  0x2c: ['thread.suspend-then-promote', 1],
  0x2d: ['thread.yield-then-promote', 1],
};
const copies: Readonly<Record<number, StreamCopyOp>> = {
  0x0f: 'stream.read',
  0x10: 'stream.write',
  0x16: 'future.read',
  0x17: 'future.write',
};
const cancelCopies: Readonly<Record<number, StreamCancelOp>> = {
  0x11: 'stream.cancel-read',
  0x12: 'stream.cancel-write',
  0x18: 'future.cancel-read',
  0x19: 'future.cancel-write',
};
const ends: Readonly<Record<number, StreamEndOp>> = {
  0x0e: 'stream.new',
  0x13: 'stream.drop-readable',
  0x14: 'stream.drop-writable',
  0x15: 'future.new',
  0x1a: 'future.drop-readable',
  0x1b: 'future.drop-writable',
};

/** Reads what follows the opcode of a built-in. Throws `MALFORMED`, `INVALID`, `UNSUPPORTED`. */
export function readBuiltIn(reader: ByteReader, opcode: number, scope: Scope): ReadBuiltIn {
  const alone = bare[opcode];
  if (alone) return { builtIn: { op: alone[0] }, signature: signature(alone[1], alone[2]) };
  const waiting = cancellable[opcode];
  if (waiting) {
    const builtIn = { op: waiting[0], cancellable: readFlag(reader) };
    return { builtIn, signature: signature(waiting[1], 1) };
  }
  const end = ends[opcode];
  if (end) return readEnd(reader, end, scope);
  const copy = copies[opcode];
  if (copy) return readCopy(reader, copy, scope);
  const cancel = cancelCopies[opcode];
  if (cancel) {
    const type = readStreamType(reader, cancel, scope);
    return { builtIn: { op: cancel, type, async: readFlag(reader) }, signature: signature(1, 1) };
  }
  return readOther(reader, opcode, scope);
}

function readOther(reader: ByteReader, opcode: number, scope: Scope): ReadBuiltIn {
  const { reading } = scope;
  switch (opcode) {
    case 0x02:
    case 0x04:
    case 0x03:
      return readResourceBuiltIn(reader, opcode, scope);
    case 0x06:
      return { builtIn: { op: 'subtask.cancel', async: readFlag(reader) }, signature: signature(1, 1) };
    case 0x09: {
      const result = readResult(reader, scope);
      const options = readCanonOptions(reader, scope, []);
      if (result) reading.countWork(reading.factsOf(result).size);
      const flat = flattenTypes(result ? [result] : []);
      const inMemory = flat === undefined || (result !== undefined && needsMemory(reading, result));
      wantOptions(scope, options, { memory: inMemory, realloc: false });
      const params = flat ?? i32(1);
      return {
        builtIn: { op: 'task.return', ...(result && { result }), options },
        signature: { params, results: [] },
      };
    }
    case 0x0a:
    case 0x0b: {
      const valueType = readCoreValueType(reader);
      const slot = reader.u32();
      if (valueType === 'i64') reading.unsupported('contexts of 64 bits');
      if (valueType !== 'i32' || slot > 1) reading.invalid('a context beyond two slots of i32');
      const get = opcode === 0x0a;
      return {
        builtIn: { op: get ? 'context.get' : 'context.set', valueType, slot },
        signature: get ? signature(0, 1) : signature(1, 0),
      };
    }
    case 0x1c:
    case 0x1d: {
      const options = readCanonOptions(reader, scope, opcode === 0x1d ? ['realloc'] : []);
      wantOptions(scope, options, { memory: true, realloc: opcode === 0x1d });
      return opcode === 0x1c
        ? { builtIn: { op: 'error-context.new', options }, signature: signature(2, 1) }
        : { builtIn: { op: 'error-context.debug-message', options }, signature: signature(2, 0) };
    }
    case 0x20:
    case 0x21: {
      const op = opcode === 0x20 ? 'waitable-set.wait' : 'waitable-set.poll';
      const canCancel = readFlag(reader);
      const builtIn = { op, cancellable: canCancel, memory: readMemory(reader, scope) } as const;
      return { builtIn, signature: signature(2, 1) };
    }
    case 0x27: {
      const started = lookUp(scope, 'core-type', reader.u32());
      if (started.kind !== 'core-func' || started.params.join() !== 'i32' || started.results.length > 0) {
        reading.invalid('a thread of a function that is not (i32) -> ()');
      }
      const table = reader.u32();
      if (lookUp(scope, 'core-table', table).element !== 'funcref') {
        reading.invalid('a thread from a table that is not of functions');
      }
      return { builtIn: { op: 'thread.new-indirect', table }, signature: signature(2, 1) };
    }
    case 0x40:
    case 0x41:
    case 0x42:
      return reading.unsupported('threads that share everything');
    default:
      return reader.fail(`an unknown canonical definition 0x${opcode.toString(16)}`);
  }
}

function readResourceBuiltIn(reader: ByteReader, opcode: 0x02 | 0x03 | 0x04, scope: Scope): ReadBuiltIn {
  const type = reader.u32();
  const defined = lookUp(scope, 'type', type);
  if (defined.kind !== 'resource') {
    return scope.reading.invalid(`a ${defined.kind} type where a resource is wanted`);
  }
  const { resource } = defined;
  if (opcode === 0x03) {
    return { builtIn: { op: 'resource.drop', type, resource }, signature: signature(1, 0) };
  }
  if (!scope.ownResources.has(resource)) {
    scope.reading.invalid('only the component that defines a resource makes it and looks into it');
  }
  const op = opcode === 0x02 ? 'resource.new' : 'resource.rep';
  return { builtIn: { op, type, resource }, signature: signature(1, 1) };
}

function readEnd(reader: ByteReader, op: StreamEndOp, scope: Scope): ReadBuiltIn {
  const type = readStreamType(reader, op, scope);
  const makes = op === 'stream.new' || op === 'future.new';
  return { builtIn: { op, type }, signature: makes ? { params: [], results: ['i64'] } : signature(1, 0) };
}

function readCopy(reader: ByteReader, op: StreamCopyOp, scope: Scope): ReadBuiltIn {
  const type = readStreamType(reader, op, scope);
  const reads = op === 'stream.read' || op === 'future.read';
  const options: CanonOptions = readCanonOptions(reader, scope, ['realloc', 'async']);
  const { element } = type;
  const realloc = reads && element !== undefined && needsMemory(scope.reading, element);
  wantOptions(scope, options, { memory: element !== undefined, realloc });
  return { builtIn: { op, type, options }, signature: signature(op.startsWith('stream') ? 3 : 2, 1) };
}

/** The index of a stream's type, or of a future's, as the name of the built-in says. */
function readStreamType(reader: ByteReader, op: string, scope: Scope): StreamType {
  const type = lookUp(scope, 'type', reader.u32());
  if ((type.kind === 'stream' || type.kind === 'future') && op.startsWith(type.kind)) return type;
  return scope.reading.invalid(`${op} of a ${type.kind} type`);
}

function readFlag(reader: ByteReader): boolean {
  const flag = reader.byte();
  return flag > 1 ? reader.fail('neither 0 nor 1 where a flag is wanted') : flag === 1;
}
