import {
  type CoreModuleDefinition,
  describeWasm,
  type ExportedGlobals,
  exportGlobals,
  type ForwardingModule,
  importMemory,
  type MemoryImport,
  type MemoryType,
  readForwardingModule,
  type TableType,
  WasmBinaryError,
} from '@wasmlet/wasm-binary';
import { RuntimeError } from '../../errors.ts';
import { compileModule } from '../../isolation/guest-host/compile-module.ts';
import { type PassOptions, rewriteModule } from '../../passes/rewrite-module.ts';
import type { PlannedMemory, PlannedModule, PooledMemory } from './component-plan.ts';
import type { ModuleNumbers } from './inline-component.ts';

/** The core modules of a component, numbered as they are met. */
export interface CoreModules extends ModuleNumbers {
  /**
   * Passes and compiles those that are instantiated. Limits on memory and tables hold for all instances together: each
   * memory or table has what it declares, and those that can grow get equal shares of what is left.
   *
   * Throws {@link RuntimeError} `INVALID_MODULE`.
   */
  compile(
    uses: ReadonlyMap<number, number>,
    passes: PassOptions,
    memories: MemoryUse,
  ): readonly PlannedModule[];
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
    compile(uses, passes, memoryUse) {
      const compile = memoryUse === 'pooled' ? compilePooled : compileOwn;
      const described = modules.map(({ bytes }, module) => (uses.has(module) ? describe(bytes) : nothing));
      const memoryOf = shareOf('bytes of memory', passes.memoryBytes, uses, described.map(memoryDemand));
      const { maxTableElements } = passes.limits;
      const tableOf = shareOf('table elements', maxTableElements, uses, described.map(tableDemand));
      return modules.map(({ bytes, definition }, module) => {
        const about = described[module] ?? nothing;
        const { memories } = about;
        const own = {
          ...passes,
          memoryBytes: memories.length === 0 ? null : memoryOf(module),
          limits: { ...passes.limits, maxTableElements: tableOf(module) ?? maxTableElements },
        };
        return {
          ...(uses.has(module) && compile(bytes, own, about)),
          memories: memories.map((memory) => plannedMemory(memory, definition, memories.length)),
        };
      });
    },
  };
}

const pageBytes = 64 * 1024;

/** Whether instances make memories of their own, or take them from who makes the instances. */
export type MemoryUse = 'own' | 'pooled';

type Compiled = Pick<PlannedModule, 'module' | 'pooledMemory' | 'reset'>;

function compileOwn(bytes: Uint8Array, passes: PassOptions): Compiled {
  return { module: compileModule(bytes, passes) };
}

function compilePooled(bytes: Uint8Array, passes: PassOptions, { memories }: Described): Compiled {
  const rewritten = rewriteModule(bytes, passes);
  // What is not valid may not become so by being rewritten; what other passes have changed was found valid.
  if (rewritten === bytes && !WebAssembly.validate(bytes)) return compileOwn(bytes, passes);
  const imported = importMemory(rewritten, pooledName);
  const withMemory = imported?.bytes ?? rewritten;
  const exported = imported || memories.length === 0 ? exportWhereKnown(withMemory) : undefined;
  return {
    module: new WebAssembly.Module(exported?.bytes ?? withMemory),
    ...(imported && { pooledMemory: { ...pooledName, ...limitsOf(imported) } }),
    ...(exported && { reset: { globals: exported.names, bytes } }),
  };
}

function limitsOf({ minPages, maxPages }: MemoryImport): Pick<PooledMemory, 'minPages' | 'maxPages'> {
  return maxPages === undefined ? { minPages } : { minPages, maxPages };
}

/** Instances of a module with newer instructions are made anew each time. */
function exportWhereKnown(bytes: Uint8Array): ExportedGlobals | undefined {
  try {
    return exportGlobals(bytes);
  } catch (error) {
    if (error instanceof WasmBinaryError) return undefined;
    throw error;
  }
}

/** No name of a component's own begins so: an import of a core module may have it, but not with a memory. */
const pooledName = { module: '$wasmlet', name: 'memory' };

interface Described {
  readonly memories: readonly MemoryType[];
  readonly tables: readonly TableType[];
}

const nothing: Described = { memories: [], tables: [] };

/** Its own memories and tables. */
function describe(bytes: Uint8Array): Described {
  try {
    const description = describeWasm(bytes);
    if (description.kind !== 'module') return nothing;
    return { memories: description.memories.filter(isOwn), tables: description.tables.filter(isOwn) };
  } catch (cause) {
    if (!(cause instanceof WasmBinaryError)) throw cause;
    throw new RuntimeError('INVALID_MODULE', `a core module of the component: ${cause.message}`, { cause });
  }
}

function isOwn({ imported }: { readonly imported: boolean }): boolean {
  return !imported;
}

/** What an instance of a module has of something from the beginning, and how many of its parts may grow. */
interface Demand {
  readonly declared: number;
  readonly growing: number;
}

function memoryDemand({ memories }: Described): Demand {
  const growing = memories.filter(({ minPages, maxPages }) => maxPages === undefined || maxPages > minPages);
  return {
    declared: memories.reduce((sum, { minPages }) => sum + minPages * pageBytes, 0),
    growing: growing.length,
  };
}

function tableDemand({ tables }: Described): Demand {
  const growing = tables.filter(({ min, max }) => max === undefined || max > min);
  return { declared: tables.reduce((sum, { min }) => sum + min, 0), growing: growing.length };
}

/** What each instance of a module may have, so that all of them together stay below a limit. */
function shareOf(
  what: string,
  limit: number | null,
  uses: ReadonlyMap<number, number>,
  demands: readonly Demand[],
): (module: number) => number | null {
  if (limit === null) return () => null;
  let declared = 0;
  let growing = 0;
  demands.forEach((demand, module) => {
    const times = uses.get(module) ?? 0;
    declared += times * demand.declared;
    growing += times * demand.growing;
  });
  if (declared > limit) {
    throw new RuntimeError(
      'INVALID_MODULE',
      `the component declares ${declared} ${what}; its limit allows ${limit}`,
    );
  }
  const share = Math.floor((limit - declared) / Math.max(1, growing));
  return (module) => {
    const demand = demands[module];
    return demand ? demand.declared + share * demand.growing : 0;
  };
}

function plannedMemory(
  { minPages }: MemoryType,
  { type }: CoreModuleDefinition,
  memories: number,
): PlannedMemory {
  const [only, ...others] = type.exports.filter((one) => one.type.kind === 'core-memory');
  const imports = type.imports.some((one) => one.type.kind === 'core-memory');
  return {
    initialBytes: minPages * pageBytes,
    ...(only && others.length === 0 ? { exportName: only.name } : {}),
    importable: memories === 1 && !imports,
  };
}
