import {
  type CoreModuleDefinition,
  describeWasm,
  type ForwardingModule,
  type MemoryType,
  readForwardingModule,
  WasmBinaryError,
} from '@wasmlet/wasm-binary';
import { RuntimeError } from '../../errors.ts';
import { compileModule } from '../../isolation/guest-host/compile-module.ts';
import type { PassOptions } from '../../passes/rewrite-module.ts';
import type { PlannedMemory, PlannedModule } from './component-plan.ts';
import type { ModuleNumbers } from './inline-component.ts';

/** The core modules of a component, numbered as they are met. */
export interface CoreModules extends ModuleNumbers {
  /**
   * Passes and compiles those that are instantiated. A limit on memory holds for all memories of all instances together: each
   * gets what it declares, and those that can grow get equal shares of what is left.
   *
   * Throws {@link RuntimeError} `INVALID_MODULE`.
   */
  compile(uses: ReadonlyMap<number, number>, passes: PassOptions): readonly PlannedModule[];
}

interface Known {
  readonly bytes: Uint8Array;
  readonly definition: CoreModuleDefinition;
  readonly forwarding: ForwardingModule | undefined;
}

export function findCoreModules(component: Uint8Array): CoreModules {
  const numbers = new Map<number, number>();
  const modules: Known[] = [];
  return {
    numberOf(definition) {
      const { start, end } = definition;
      const number = numbers.get(start);
      if (number !== undefined) return number;
      const bytes = component.subarray(start, end);
      numbers.set(start, modules.length);
      return modules.push({ bytes, definition, forwarding: readForwardingModule(bytes) }) - 1;
    },
    importsOf: (module) => modules[module]?.definition.type.imports ?? [],
    forwardingOf: (module) => modules[module]?.forwarding,
    compile(uses, passes) {
      const described = modules.map(({ bytes }, module) => (uses.has(module) ? memoriesOf(bytes) : []));
      const limitOf = divideMemory(described, uses, passes.memoryBytes);
      return modules.map(({ bytes }, module) => {
        const memories = described[module] ?? [];
        const memoryBytes = memories.length === 0 ? null : limitOf(module);
        const compiled = uses.has(module) ? compileModule(bytes, { ...passes, memoryBytes }) : undefined;
        return {
          ...(compiled && { module: compiled }),
          memories: memories.map((memory) => plannedMemory(memory, modules[module]?.definition)),
        };
      });
    },
  };
}

const pageBytes = 64 * 1024;

function memoriesOf(bytes: Uint8Array): readonly MemoryType[] {
  try {
    const description = describeWasm(bytes);
    return description.kind === 'module' ? description.memories.filter(({ imported }) => !imported) : [];
  } catch (cause) {
    if (!(cause instanceof WasmBinaryError)) throw cause;
    throw new RuntimeError('INVALID_MODULE', `a core module of the component: ${cause.message}`, { cause });
  }
}

/** What each instance of a module may have for its memories. */
function divideMemory(
  modules: readonly (readonly MemoryType[])[],
  uses: ReadonlyMap<number, number>,
  memoryBytes: number | null,
): (module: number) => number | null {
  if (memoryBytes === null) return () => null;
  let declared = 0;
  let growing = 0;
  modules.forEach((memories, module) => {
    const times = uses.get(module) ?? 0;
    declared += times * bytesOf(memories);
    growing += times * memories.filter(canGrow).length;
  });
  if (declared > memoryBytes) {
    throw new RuntimeError(
      'INVALID_MODULE',
      `the component declares ${declared} bytes of memory; its limit allows ${memoryBytes}`,
    );
  }
  const share = Math.floor((memoryBytes - declared) / Math.max(1, growing) / pageBytes) * pageBytes;
  return (module) => {
    const memories = modules[module] ?? [];
    return bytesOf(memories) + share * memories.filter(canGrow).length;
  };
}

function bytesOf(memories: readonly MemoryType[]): number {
  return memories.reduce((sum, { minPages }) => sum + minPages * pageBytes, 0);
}

function canGrow({ minPages, maxPages }: MemoryType): boolean {
  return maxPages === undefined || maxPages > minPages;
}

function plannedMemory(
  { minPages }: MemoryType,
  definition: CoreModuleDefinition | undefined,
): PlannedMemory {
  const exported = definition?.type.exports.filter(({ type }) => type.kind === 'core-memory') ?? [];
  const [only] = exported;
  return {
    initialBytes: minPages * pageBytes,
    ...(only && exported.length === 1 ? { exportName: only.name } : {}),
  };
}
