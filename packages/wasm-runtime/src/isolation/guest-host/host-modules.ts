import { RuntimeError } from '../../errors.ts';
import type { HostContext, HostFunction, HostModule, HostModuleUse } from '../../host.ts';

export interface LoadedHostModules {
  /** Lets the modules that a guest's spec names, and that it imports from, load what they may not be able to load later. */
  load(uses: readonly HostModuleUse[], namespaces: readonly string[]): Promise<void>;
  /** Imports of the modules that a guest's spec names. */
  open(uses: readonly HostModuleUse[], guest: GuestSide): OpenHostModules;
}

/** What host modules see of the guest. */
export interface GuestSide {
  readonly memory: () => WebAssembly.Memory | undefined;
  readonly signal: AbortSignal;
  report(module: string, value: unknown): void;
}

export interface OpenHostModules {
  readonly imports: ReadonlyMap<string, ReadonlyMap<string, HostFunction>>;
  /** Runs what the modules registered for the guest's end, last first; one that fails does not keep others from it. */
  close(): Promise<void>;
}

/** Loads the files of all host modules that a guest may name, before any guest is there. */
export async function loadHostModules(urls: readonly string[]): Promise<LoadedHostModules> {
  const loaded = new Map<string, HostModule>();
  for (const url of urls) {
    const module = await importModule(url);
    if (module.contract !== 1 || typeof module.imports !== 'function') {
      throw new RuntimeError('HOST_MODULE', `the host module ${url} does not speak contract 1`);
    }
    loaded.set(url, module as HostModule);
  }
  return {
    async load(uses, imported) {
      for (const { url } of uses) {
        const module = find(loaded, url);
        const { namespaces = imported } = module;
        if (namespaces.some((name) => imported.includes(name))) await module.load?.();
      }
    },
    open: (uses, guest) => openHostModules(loaded, uses, guest),
  };
}

function find(loaded: ReadonlyMap<string, HostModule>, url: string): HostModule {
  const module = loaded.get(url);
  if (!module) {
    throw new RuntimeError('HOST_MODULE', `the host module ${url} is not one of the runtime's hostModules`);
  }
  return module;
}

async function importModule(url: string): Promise<Partial<HostModule>> {
  try {
    return (await import(url)) as Partial<HostModule>;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RuntimeError('HOST_MODULE', `the host module ${url} cannot be loaded: ${reason}`, { cause });
  }
}

function openHostModules(
  loaded: ReadonlyMap<string, HostModule>,
  uses: readonly HostModuleUse[],
  guest: GuestSide,
): OpenHostModules {
  const imports = new Map<string, Map<string, HostFunction>>();
  const closers: (() => void | Promise<void>)[] = [];
  for (const { url, config } of uses) {
    const context: HostContext = {
      config,
      memory: guest.memory,
      signal: guest.signal,
      report: (value) => guest.report(url, value),
      onEnd: (close) => closers.push(close),
    };
    for (const [namespace, functions] of Object.entries(find(loaded, url).imports(context))) {
      const known = imports.get(namespace) ?? new Map<string, HostFunction>();
      for (const [name, call] of Object.entries(functions)) known.set(name, call);
      imports.set(namespace, known);
    }
  }
  return {
    imports,
    async close() {
      for (const close of closers.toReversed()) {
        try {
          await close();
        } catch {
          // The guest has ended: what cannot be closed goes with the process.
        }
      }
    },
  };
}
