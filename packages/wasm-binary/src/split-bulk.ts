import { type AddressType, type Bulk, inSteps, valueType } from './bulk-steps.ts';
import { createByteReader } from './byte-reader.ts';
import { describeWasm } from './describe-wasm.ts';
import { WasmBinaryError } from './errors.ts';
import { leb } from './leb.ts';
import type { ModuleDescription } from './read-module.ts';
import { type AddedFunction, type Instruction, replaceInstructions } from './replace-instructions.ts';

/** The most that one instruction may write. */
export interface BulkSteps {
  /** Of a memory. */
  readonly bytes: number;
  /** Of a table. */
  readonly elements: number;
}

/**
 * Rewrites a module so that none of its instructions writes more of a memory or a table than a step at once:
 * `memory.fill`, `memory.copy`, `memory.init` and the same of tables, which engines do not stop before they have written
 * gigabytes. Each becomes a call of a function behind all others, which does what is longer in steps, with the same result
 * and the same traps; those of memories with a constant length of at most 256 stay. Nothing is renumbered. Returns the same
 * bytes when there is nothing to do.
 *
 * Only for modules that an engine has found valid, as `watchGrowth` is. Throws {@link WasmBinaryError} as `watchGrowth` does, and a
 * `RangeError` for a step that is no whole number from 1 to 2^30.
 */
export function splitBulk(bytes: Uint8Array, steps: BulkSteps): Uint8Array {
  for (const step of [steps.bytes, steps.elements]) {
    if (!(Number.isInteger(step) && step >= 1 && step <= mostStep)) {
      throw new RangeError(`a step is a whole number from 1 to 2^30, not ${step}`);
    }
  }
  const description = describeWasm(bytes);
  if (description.kind !== 'module') {
    throw new WasmBinaryError('MALFORMED', 'only modules have code to rewrite; this is a component', 4);
  }
  const functions = new Map<string, AddedFunction>();
  return replaceInstructions(bytes, description, {
    code: bulkPrefix,
    patterns: bulkCodes.flatMap((code) => [
      Uint8Array.of(bulkPrefix, code),
      // A number may be longer than it needs to be.
      Uint8Array.of(bulkPrefix, code | 0x80),
    ]),
    functionFor(instruction) {
      const reader = createByteReader(bytes, instruction.start + 1, instruction.end);
      const code = reader.u32();
      if (!bulkCodes.includes(code)) return undefined;
      const first = reader.u32();
      const second = reader.atEnd ? undefined : reader.u32();
      const isOfMemory = code < bulkCode.tableInit;
      if (isOfMemory && constantLength(bytes, instruction) <= Math.min(steps.bytes, mostUncalled))
        return undefined;
      const step = isOfMemory ? steps.bytes : steps.elements;
      const key = `${code} ${first} ${second}`;
      const added = functions.get(key) ?? inSteps(bulkOf(description, code, first, second), step);
      functions.set(key, added);
      return added;
    },
  });
}

const mostStep = 2 ** 30;
/** Longer than this, and a loop over nothing else would be noticed late itself: {@link inSteps}. */
const mostUncalled = 256;
const bulkPrefix = 0xfc;
const bulkCode = {
  memoryInit: 8,
  memoryCopy: 10,
  memoryFill: 11,
  tableInit: 12,
  tableCopy: 14,
  tableFill: 17,
} as const;
const bulkCodes: readonly number[] = Object.values(bulkCode);

/** What the instruction before it has put there as its length, if that is a constant. */
function constantLength(bytes: Uint8Array, { before, start }: Instruction): number {
  const code = before === undefined ? undefined : bytes[before];
  const isConstant = code === 0x41 || code === 0x42;
  const isNegative = ((bytes[start - 1] ?? 0) & 0x40) !== 0;
  if (before === undefined || !isConstant || isNegative) return Infinity;
  return Number(createByteReader(bytes, before + 1, start).u64());
}

function bulkOf(
  { memories, tables }: ModuleDescription,
  code: number,
  first: number,
  second: number | undefined,
): Bulk {
  const memoryAddress = (index: number): AddressType => (memories[index]?.memory64 ? 'i64' : 'i32');
  const tableAddress = (index: number): AddressType => (tables[index]?.table64 ? 'i64' : 'i32');
  const instruction = [bulkPrefix, code, ...leb(first), ...(second === undefined ? [] : leb(second))];
  const [target, source] = [first, second ?? 0];
  switch (code) {
    case bulkCode.memoryInit:
      // The segment comes first.
      return { instruction, to: memoryAddress(source), from: 'i32', length: 'i32' };
    case bulkCode.tableInit:
      return { instruction, to: tableAddress(source), from: 'i32', length: 'i32' };
    case bulkCode.memoryFill: {
      const to = memoryAddress(target);
      return { instruction, to, from: [valueType.i32], length: to };
    }
    case bulkCode.tableFill: {
      const to = tableAddress(target);
      return { instruction, to, from: tables[target]?.element ?? [], length: to };
    }
    case bulkCode.memoryCopy:
      return {
        ...copying(instruction, memoryAddress(target), memoryAddress(source)),
        ...(target === source ? { read: loadByte(target) } : {}),
      };
    default:
      return {
        ...copying(instruction, tableAddress(target), tableAddress(source)),
        ...(target === source ? { read: getElement(target) } : {}),
      };
  }
}

function copying(instruction: readonly number[], to: AddressType, from: AddressType): Bulk {
  return { instruction, to, from, length: to === from ? to : 'i32' };
}

/** `i32.load8_u` */
function loadByte(memory: number): readonly number[] {
  return memory === 0 ? [0x2d, 0, 0] : [0x2d, 0x40, ...leb(memory), 0];
}

/** `table.get` */
function getElement(table: number): readonly number[] {
  return [0x25, ...leb(table)];
}
