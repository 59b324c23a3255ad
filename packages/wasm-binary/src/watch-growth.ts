import { createByteReader } from './byte-reader.ts';
import { describeWasm } from './describe-wasm.ts';
import { sectionId } from './edit-sections.ts';
import { WasmBinaryError } from './errors.ts';
import { opcode } from './instructions.ts';
import { leb } from './leb.ts';
import type { MemoryType } from './read-module.ts';
import { type AddedFunction, firstFree, replaceInstructions } from './replace-instructions.ts';

/** Name under which a module exports what {@link watchGrowth} has added: an `i32`, 1 when the last growth was refused. */
export const growthRefusedExport = 'wasmlet:growth-refused';

/**
 * Rewrites a module so that it remembers whether its last `memory.grow` was refused, in an exported global by the name
 * {@link growthRefusedExport}: a guest that asked for too much and gave up can be told from one that trapped for
 * another reason. Each `memory.grow` becomes a call of a function behind all others, which grows the memory and
 * remembers; nothing is renumbered. Returns the same bytes when nothing in them grows a memory, and when they export that
 * name themselves.
 *
 * Only for modules that an engine has found valid: numbers that mean nothing in an invalid one may mean something
 * afterwards. Throws {@link WasmBinaryError} as `describeWasm` does, `MALFORMED` for instructions or types that are
 * not known here, and `TOO_LARGE` where a function would become larger than engines take.
 */
export function watchGrowth(bytes: Uint8Array): Uint8Array {
  const description = describeWasm(bytes);
  if (description.kind !== 'module') {
    throw new WasmBinaryError('MALFORMED', 'only modules grow memories; this is a component', 4);
  }
  if (description.exports.some(({ name }) => name === growthRefusedExport)) return bytes;
  const { memories } = description;
  const flag = firstFree(bytes, description, 'global');
  const wrappers = new Map<number, AddedFunction>();
  const wrapperOf = (memory: number): AddedFunction => {
    const wrapper = wrappers.get(memory) ?? growing(memory, memories[memory], flag);
    wrappers.set(memory, wrapper);
    return wrapper;
  };
  return replaceInstructions(bytes, description, {
    code: opcode.memoryGrow,
    patterns: Array.from({ length: Math.min(memories.length, 128) }, (_, memory) =>
      Uint8Array.of(opcode.memoryGrow, memory),
    ),
    functionFor: ({ start, end }) => wrapperOf(createByteReader(bytes, start + 1, end).u32()),
    items: [
      [sectionId.global, [[valueType.i32, mutable, 0x41, 0, opcode.end]]],
      [sectionId.export, [exportOfGlobal(growthRefusedExport, flag)]],
    ],
  });
}

const valueType = { i32: 0x7f, i64: 0x7e } as const;
const mutable = 1;
const exportKindGlobal = 3;

function exportOfGlobal(name: string, index: number): readonly number[] {
  const text = new TextEncoder().encode(name);
  return [...leb(text.length), ...text, exportKindGlobal, ...leb(index)];
}

/**
 * ```wat
 * (func (param $pages i32) (result i32)
 *   (local.tee $pages (memory.grow (local.get $pages)))
 *   (global.set $refused (i32.eq (local.get $pages) (i32.const -1))))
 * ```
 */
function growing(memory: number, type: MemoryType | undefined, flag: number): AddedFunction {
  const address = type?.memory64 ? valueType.i64 : valueType.i32;
  const isRefused = type?.memory64 ? [0x42, 0x7f, 0x51] : [0x41, 0x7f, 0x46];
  const grow = [0x20, 0, opcode.memoryGrow, ...leb(memory), 0x22, 0];
  return {
    type: [0x60, 1, address, 1, address],
    body: () => [0, ...grow, 0x20, 0, ...isRefused, 0x24, ...leb(flag), opcode.end],
  };
}
