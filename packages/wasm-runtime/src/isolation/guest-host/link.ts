import { RuntimeError } from '../../errors.ts';
import type { Preview1 } from '../../preview1/preview1.ts';
import type { OpenHostModules } from './host-modules.ts';

export interface LinkInput {
  readonly module: WebAssembly.Module;
  readonly preview1: Preview1;
  readonly hostModules: OpenHostModules;
  readonly waiting: 'sync' | 'suspend';
  readonly entry: string;
}

export interface LinkedGuest {
  readonly memory: WebAssembly.Memory | undefined;
  /** Calls the entry function; rejects or throws with the guest's trap. */
  run(): unknown;
}

/**
 * Joins a module's imports to the functions that provide them.
 *
 * Throws {@link RuntimeError}: `UNKNOWN_IMPORT` naming every import that nobody provides, `NO_ENTRY`.
 */
export function linkGuest(input: LinkInput): LinkedGuest {
  const { module, preview1, hostModules, waiting, entry } = input;
  const imports: WebAssembly.Imports = {};
  const unknown: string[] = [];
  for (const { module: namespace, name, kind } of WebAssembly.Module.imports(module)) {
    const provided =
      kind === 'function' ? findImport(namespace, name, preview1, hostModules, waiting) : undefined;
    if (provided === undefined)
      unknown.push(`${namespace}.${name}${kind === 'function' ? '' : ` (${kind})`}`);
    else (imports[namespace] ??= {})[name] = provided;
  }
  if (unknown.length > 0) {
    const some = unknown.slice(0, 10).join(', ');
    throw new RuntimeError(
      'UNKNOWN_IMPORT',
      `nothing provides ${unknown.length === 1 ? 'the import' : `${unknown.length} imports:`} ${some}${unknown.length > 10 ? ', …' : ''}`,
    );
  }
  const { exports } = instantiate(module, imports);
  const run = exports[entry];
  if (typeof run !== 'function') {
    const names = Object.keys(exports).slice(0, 10).join(', ') || 'nothing';
    throw new RuntimeError(
      'NO_ENTRY',
      `the module does not export the function ${entry}, so it is a library, no command; it exports ${names}`,
    );
  }
  const { memory } = exports;
  const exported = memory instanceof WebAssembly.Memory ? memory : undefined;
  if (exported) preview1.attach(exported);
  return { memory: exported, run: waiting === 'suspend' ? WebAssembly.promising(run) : run };
}

function findImport(
  namespace: string,
  name: string,
  preview1: Preview1,
  hostModules: OpenHostModules,
  waiting: 'sync' | 'suspend',
): WebAssembly.ImportValue | undefined {
  if (namespace === 'wasi_snapshot_preview1' || namespace === 'wasi_unstable') {
    const call = preview1.imports[namespace][name];
    if (call === undefined) return undefined;
    return waiting === 'suspend' && preview1.waits.has(name) ? new WebAssembly.Suspending(call) : call;
  }
  const provided = hostModules.imports.get(namespace)?.get(name);
  if (provided === undefined) return undefined;
  return waiting === 'suspend' && provided.waits ? new WebAssembly.Suspending(provided.call) : provided.call;
}

function instantiate(module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Instance {
  try {
    return new WebAssembly.Instance(module, imports);
  } catch (cause) {
    if (cause instanceof WebAssembly.LinkError) {
      throw new RuntimeError('INVALID_MODULE', `the module cannot be linked: ${cause.message}`, { cause });
    }
    throw cause;
  }
}
