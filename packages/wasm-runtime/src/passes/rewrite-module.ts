import {
  type BulkSteps,
  capMemory,
  capTables,
  measureModule,
  splitBulk,
  WasmBinaryError,
  watchGrowth,
} from '@wasmlet/wasm-binary';
import { RuntimeError } from '../errors.ts';
import type { ModuleLimits } from './module-limits.ts';
import { noteMovedCode } from './moved-code.ts';

/** What the passes are told. Plain data: it travels to where the module is compiled, and is part of what it is cached under. */
export interface PassOptions {
  readonly limits: ModuleLimits;
  /** Cap on its memories, together; `null` for none. */
  readonly memoryBytes: number | null;
  /** Whether it may have structs and arrays: what is made of them is bounded by the heap of its process alone. */
  readonly garbageCollected: 'allowed' | 'refused';
  /** Whether its instructions may write gigabytes at once: V8 ends no thread in them, a process is killed all the same. */
  readonly bulk: 'whole' | 'split';
}

/** A step between a module's bytes and the compiler. Pure; returns the same bytes when it has nothing to do. */
type Pass = (bytes: Uint8Array, options: PassOptions) => Uint8Array;

/** In order. Further ones (preemption, metering) join before the last. */
const passes: readonly Pass[] = [
  checkSizes,
  (bytes, { memoryBytes }) => (memoryBytes === null ? bytes : capMemory(bytes, memoryBytes)),
  (bytes, { limits }) => capTables(bytes, limits.maxTableElements),
  (bytes, { memoryBytes }) => (memoryBytes === null ? bytes : watchWhereKnown(bytes)),
  (bytes, { bulk }) => (bulk === 'split' ? splitWhereKnown(bytes) : bytes),
];

/** Each takes some tenths of a millisecond at most. */
const bulkSteps: BulkSteps = { bytes: 1024 * 1024, elements: 1024 };

/**
 * Holds a module to its limits, and rewrites it so that the engine holds it to the others. To be called where it will be
 * compiled, never on a thread that serves somebody else: its time is bounded by the module's length alone. What is not valid
 * WebAssembly stays as it is, so that rewriting cannot make it so and the compiler says what is wrong with it.
 *
 * Throws {@link RuntimeError} `INVALID_MODULE`, which names the limit that is exceeded.
 */
export function rewriteModule(bytes: Uint8Array, options: PassOptions): Uint8Array {
  try {
    const rewritten = passes.reduce((done, pass) => pass(done, options), bytes);
    return noteMovedCode(bytes, rewritten === bytes || WebAssembly.validate(bytes) ? rewritten : bytes);
  } catch (cause) {
    if (!(cause instanceof WasmBinaryError)) throw cause;
    throw new RuntimeError('INVALID_MODULE', `the module is refused: ${cause.message}`, { cause });
  }
}

function checkSizes(bytes: Uint8Array, { limits, garbageCollected }: PassOptions): Uint8Array {
  checkCount('bytes', bytes.length, limits.maxModuleBytes);
  const measures = measureModule(bytes);
  checkCount('functions', measures.functions, limits.maxFunctions);
  checkCount('types', measures.types, limits.maxTypes);
  if (garbageCollected === 'refused' && measures.garbageCollected) {
    throw refused("it has garbage-collected types, which need a process of their own: isolation 'process'");
  }
  return bytes;
}

function checkCount(what: string, found: number, limit: number): void {
  if (found > limit) throw refused(`it has ${found} ${what}; its limit allows ${limit}`);
}

function refused(why: string): RuntimeError {
  return new RuntimeError('INVALID_MODULE', `the module is refused: ${why}`);
}

/** A module with instructions that are newer than the reader runs all the same; that it ran out of memory may not be told. */
function watchWhereKnown(bytes: Uint8Array): Uint8Array {
  try {
    return watchGrowth(bytes);
  } catch (error) {
    if (error instanceof WasmBinaryError) return bytes;
    throw error;
  }
}

/** One with newer instructions is ended with its process, when it does not end by itself. */
function splitWhereKnown(bytes: Uint8Array): Uint8Array {
  try {
    return splitBulk(bytes, bulkSteps);
  } catch (error) {
    if (error instanceof WasmBinaryError && error.code === 'MALFORMED') return bytes;
    throw error;
  }
}
