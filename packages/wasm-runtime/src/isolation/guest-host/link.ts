import { RuntimeError } from '../../errors.ts';
import { growthRefused, withoutOwnExports } from '../../passes/own-exports.ts';
import type { CallCount } from '../../preview1/call-count.ts';
import type { Preview1 } from '../../preview1/preview1.ts';
import type { ExitSwitch } from './exit-switch.ts';
import type { CallObserver, HostCall } from './observe-calls.ts';
import type { OpenHostModules } from './host-modules.ts';
import { suspendingData } from './suspending.ts';

export interface LinkInput {
  readonly module: WebAssembly.Module;
  readonly preview1: Pick<Preview1, 'imports' | 'waits' | 'attach'>;
  readonly hostModules: OpenHostModules;
  readonly exitSwitch: ExitSwitch;
  /** Counts the calls of host modules; preview1 counts its own. */
  readonly calls?: Pick<CallCount, 'add'> | undefined;
  /** Looks on while the guest calls. */
  readonly observer?: CallObserver | undefined;
  readonly waiting: 'sync' | 'suspend';
  readonly entry: string;
  /** What it is called with. @default nothing */
  readonly entryArguments?: readonly (number | bigint)[];
}

export interface LinkedGuest {
  /** The one that is exported by the name `memory`: where host functions read and write. */
  readonly memory: WebAssembly.Memory | undefined;
  /** All that it exports. */
  readonly exports: WebAssembly.Exports;
  /** Those of them that are memories. */
  readonly memories: readonly WebAssembly.Memory[];
  /** Whether the last growth of a memory that it asked for was refused, where that is watched. */
  readonly growthRefused: () => boolean;
  /** Calls the entry function; resolves with what it gives, rejects or throws with the guest's trap. */
  readonly run: () => unknown;
}

/**
 * Joins a module's imports to the functions that provide them.
 *
 * Throws {@link RuntimeError}: `UNKNOWN_IMPORT` naming every import that nobody provides, `NO_ENTRY`.
 */
export function linkGuest(input: LinkInput): LinkedGuest {
  const { module, preview1, waiting, entry, entryArguments = [] } = input;
  const imports: WebAssembly.Imports = {};
  const unknown: string[] = [];
  for (const { module: namespace, name, kind } of WebAssembly.Module.imports(module)) {
    const provided = kind === 'function' ? findImport(namespace, name, input) : undefined;
    if (provided === undefined) {
      unknown.push(`${namespace}.${name}${kind === 'function' ? '' : ` (${kind})`}`);
    } else {
      (imports[namespace] ??= {})[name] = provided;
    }
  }
  if (unknown.length > 0) {
    const what = unknown.length === 1 ? 'the import' : `${unknown.length} imports:`;
    throw new RuntimeError('UNKNOWN_IMPORT', `nothing provides ${what} ${unknown.join(', ')}`);
  }
  const { exports } = instantiate(module, imports);
  const run = exports[entry];
  if (typeof run !== 'function') {
    const names = withoutOwnExports(Object.keys(exports)).slice(0, 10).join(', ') || 'nothing';
    throw new RuntimeError(
      'NO_ENTRY',
      `the module does not export the function ${entry}, so it is a library, no command; it exports ${names}`,
    );
  }
  const { memory } = exports;
  const exported = memory instanceof WebAssembly.Memory ? memory : undefined;
  if (exported) preview1.attach(exported);
  return {
    memory: exported,
    exports,
    memories: Object.values(exports).filter((value) => value instanceof WebAssembly.Memory),
    growthRefused: () => growthRefused(exports),
    run: joinCalls(initializers(exports, entry), { run, entryArguments }, waiting),
  };
}

type Entry = (...args: unknown[]) => unknown;

/** A reactor, which exports functions to be called one by one, is to be initialised before any of them. */
function initializers(exports: WebAssembly.Exports, entry: string): readonly Entry[] {
  const { _initialize: initialize } = exports;
  return entry !== '_start' && entry !== '_initialize' && typeof initialize === 'function'
    ? [initialize]
    : [];
}

interface EntryCall {
  readonly run: Entry;
  readonly entryArguments: readonly (number | bigint)[];
}

function joinCalls(
  first: readonly Entry[],
  { run, entryArguments }: EntryCall,
  waiting: 'sync' | 'suspend',
): () => unknown {
  const prepare = (call: Entry): Entry => (waiting === 'suspend' ? WebAssembly.promising(call) : call);
  const [prepared, entry] = [first.map(prepare), prepare(run)];
  return async () => {
    for (const call of prepared) await call();
    return await entry(...entryArguments);
  };
}

function findImport(namespace: string, name: string, input: LinkInput): WebAssembly.ImportValue | undefined {
  const { observer, waiting } = input;
  const provided = findProvided(namespace, name, input);
  if (provided === undefined) return undefined;
  const call = observer ? observer.wrap(namespace, name, provided.call) : provided.call;
  const waits = provided.waits || (observer?.waits ?? false);
  if (waiting !== 'suspend' || !waits) return call;
  return wasi.has(namespace) && dataCalls.has(name) ? suspendingData(call) : new WebAssembly.Suspending(call);
}

const wasi: ReadonlySet<string> = new Set(['wasi_snapshot_preview1', 'wasi_unstable']);
const dataCalls: ReadonlySet<string> = new Set(['fd_read', 'fd_write']);

interface Provided {
  readonly call: HostCall;
  /** Whether it may answer later. */
  readonly waits: boolean;
}

function findProvided(
  namespace: string,
  name: string,
  { preview1, hostModules, exitSwitch, calls }: LinkInput,
): Provided | undefined {
  if (namespace === 'wasi_snapshot_preview1' || namespace === 'wasi_unstable') {
    const call = preview1.imports[namespace][name];
    return call === undefined ? undefined : { call, waits: preview1.waits.has(name) };
  }
  const provided = hostModules.imports.get(namespace)?.get(name);
  return provided === undefined
    ? undefined
    : { call: trapping(provided.call, exitSwitch, calls), waits: provided.waits };
}

/** A host function whose failure is a trap: a guest could catch what it throws itself. */
function trapping(call: HostCall, exitSwitch: ExitSwitch, calls: LinkInput['calls']): HostCall {
  return (...args) => {
    try {
      calls?.add();
      const result = call(...args);
      return result instanceof Promise ? result.catch((error: unknown) => exitSwitch.fail(error)) : result;
    } catch (error) {
      return exitSwitch.fail(error);
    }
  };
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
