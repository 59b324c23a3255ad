import { describeWasm, type MemoryType, sniffWasm, WasmBinaryError } from '@wasmlet/wasm-binary';
import { refuseLaterWasi } from '../component/refuse-later-wasi.ts';
import { RuntimeError } from '../errors.ts';
import type { HostModuleUse } from '../host.ts';
import { defaultModuleLimits } from '../passes/module-limits.ts';
import type { GuestLimits } from './guest-spec.ts';

export type PreparedModule =
  | {
      readonly kind: 'ready';
      readonly format: 'module' | 'component';
      readonly bytes: Uint8Array;
      /** Namespaces of its imports. */
      readonly namespaces: ReadonlySet<string>;
      /** The host module that calls it in place of a command; of components. */
      readonly driver?: HostModuleUse;
    }
  /** Its declared memory does not fit: it would end at once, out of memory. */
  | { readonly kind: 'out-of-memory'; readonly message: string };

/**
 * Looks at a module, or component, with bounded readers, without compiling it: where it imports from, and whether its memory
 * fits at all. What needs a look at its code is done where it will be compiled ({@link rewriteModule}).
 *
 * Throws {@link RuntimeError}: `NOT_WASM`, `INVALID_MODULE`, `UNSUPPORTED_WASI`; `NO_ENTRY` for a component that is no command and that no
 * host module drives.
 */
export function prepareModule(
  name: string,
  bytes: Uint8Array,
  limits: GuestLimits,
  hostModules: readonly HostModuleUse[] = [],
): PreparedModule {
  if (sniffWasm(bytes) === 'not-wasm') {
    throw new RuntimeError('NOT_WASM', `${name} is no WebAssembly: it does not begin with \\0asm`);
  }
  const { maxModuleBytes = defaultModuleLimits.maxModuleBytes } = limits;
  if (bytes.length > maxModuleBytes) {
    throw new RuntimeError(
      'INVALID_MODULE',
      `${name} has ${bytes.length} bytes; at most ${maxModuleBytes} are run`,
    );
  }
  try {
    const description = describeWasm(bytes);
    if (description.kind !== 'module') {
      const driver = entryOf(name, description.exports, hostModules);
      const namespaces = new Set(description.kind === 'component' ? description.imports : []);
      return { kind: 'ready', format: 'component', bytes, namespaces, ...(driver ? { driver } : {}) };
    }
    const namespaces = new Set(description.imports.map(({ module }) => module));
    const excess = memoryExcess(description.memories, limits.memoryBytes);
    return excess === undefined
      ? { kind: 'ready', format: 'module', bytes, namespaces }
      : { kind: 'out-of-memory', message: excess };
  } catch (cause) {
    if (!(cause instanceof WasmBinaryError)) throw cause;
    throw new RuntimeError('INVALID_MODULE', `${name}: ${cause.message}`, { cause });
  }
}

/** Who calls a component: a host module, or nobody else for a command. */
function entryOf(
  name: string,
  exports: readonly string[],
  hostModules: readonly HostModuleUse[],
): HostModuleUse | undefined {
  const has = (wanted: string): boolean =>
    exports.some((one) => one === wanted || one.startsWith(`${wanted}@0.2.`));
  const driver = hostModules.find(({ drives }) => drives !== undefined && has(drives.interface));
  if (driver !== undefined || has(command)) return driver;
  refuseLaterWasi(name, exports);
  const driven = hostModules.flatMap(({ drives }) => (drives === undefined ? [] : [drives.interface]));
  const names = exports.slice(0, 10).join(', ') || 'nothing';
  const lacks =
    driven.length === 0
      ? `does not export ${command} of WASI 0.2, so it is no command`
      : `exports neither ${command} nor ${driven.join(' nor ')} of WASI 0.2, so there is nothing to start`;
  throw new RuntimeError('NO_ENTRY', `${name} is a component that ${lacks}; it exports ${names}`);
}

const command = 'wasi:cli/run';

const pageBytes = 64 * 1024;

/** By how much a module's own memories are too large from the beginning, in words. */
function memoryExcess(memories: readonly MemoryType[], limit: number | undefined): string | undefined {
  if (limit === undefined) return undefined;
  const declared = memories.reduce((sum, { imported, minPages }) => sum + (imported ? 0 : minPages), 0);
  const allowed = Math.floor(limit / pageBytes);
  return declared > allowed
    ? `the module declares ${declared} pages of 64 KiB of memory; its limit of ${limit} bytes allows ${allowed}`
    : undefined;
}
