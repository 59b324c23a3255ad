import { RuntimeError } from '../../errors.ts';
import type { HostContext, HostFunction, HostModule, HostModuleUse } from '../../host.ts';

export interface LoadedHostModules {
  /** Imports of the modules that a guest's spec names. */
  open(uses: readonly HostModuleUse[], guest: GuestSide): OpenHostModules;
}

/** What host modules see of the guest. */
export interface GuestSide {
  memory(): WebAssembly.Memory | undefined;
  readonly signal: AbortSignal;
  report(module: string, value: unknown): void;
}

export interface OpenHostModules {
  readonly imports: ReadonlyMap<string, ReadonlyMap<string, HostFunction>>;
  /** Runs what the modules registered for the guest's end, last first. */
  close(): Promise<void>;
}

/** Loads the files of all host modules that a guest may name, before any guest is there. */
export async function loadHostModules(urls: readonly string[]): Promise<LoadedHostModules> {
  const loaded = new Map<string, HostModule>();
  for (const url of urls) {
    const module = (await import(url)) as Partial<HostModule>;
    if (module.contract !== 1 || typeof module.imports !== 'function') {
      throw new RuntimeError('HOST_MODULE', `the host module ${url} does not speak contract 1`);
    }
    loaded.set(url, module as HostModule);
  }
  return { open: (uses, guest) => openHostModules(loaded, uses, guest) };
}

function openHostModules(
  loaded: ReadonlyMap<string, HostModule>,
  uses: readonly HostModuleUse[],
  guest: GuestSide,
): OpenHostModules {
  const imports = new Map<string, Map<string, HostFunction>>();
  const closers: (() => void | Promise<void>)[] = [];
  for (const { url, config } of uses) {
    const module = loaded.get(url);
    if (!module) {
      throw new RuntimeError('HOST_MODULE', `the host module ${url} is not one of the runtime's hostModules`);
    }
    const context: HostContext = {
      config,
      memory: guest.memory,
      signal: guest.signal,
      report: (value) => guest.report(url, value),
      onEnd: (close) => closers.push(close),
    };
    for (const [namespace, functions] of Object.entries(module.imports(context))) {
      const known = imports.get(namespace) ?? new Map<string, HostFunction>();
      for (const [name, call] of Object.entries(functions)) known.set(name, call);
      imports.set(namespace, known);
    }
  }
  return {
    imports,
    async close() {
      for (const close of closers.toReversed()) await close();
    },
  };
}
