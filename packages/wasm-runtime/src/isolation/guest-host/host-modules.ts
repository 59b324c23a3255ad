import type { HostInterface } from '../../component/host-interface.ts';
import { RuntimeError } from '../../errors.ts';
import type {
  DriveContext,
  Driver,
  HostContext,
  HostFunction,
  HostModule,
  HostModuleUse,
} from '../../host.ts';

export interface LoadedHostModules {
  /** Lets the modules that a guest's spec names, and that it imports from, load what they may not be able to load later. */
  load(uses: readonly HostModuleUse[], namespaces: readonly string[]): Promise<void>;
  /** For a module: imports of the host modules that its spec names. */
  open(uses: readonly HostModuleUse[], guest: GuestSide): OpenHostModules;
  /** For a component: their interfaces. */
  openInterfaces(uses: readonly HostModuleUse[], guest: GuestSide): Promise<OpenInterfaces>;
  /** Opens the module that is to drive the guest. Rejects as the module does. */
  openDriver(use: HostModuleUse, guest: DrivenSide): Promise<OpenDriver>;
}

/** What host modules see of the guest. */
export interface GuestSide {
  readonly memory: () => WebAssembly.Memory | undefined;
  readonly signal: AbortSignal;
  report(module: string, value: unknown): void;
}

/** What the module sees that drives it. */
export type DrivenSide = GuestSide & Pick<DriveContext, 'waiting' | 'stopping' | 'stdout' | 'stderr'>;

export interface OpenDriver extends OpenParts {
  readonly driver: Driver;
}

export interface OpenHostModules extends OpenParts {
  readonly imports: ReadonlyMap<string, ReadonlyMap<string, HostFunction>>;
}

export interface OpenInterfaces extends OpenParts {
  readonly interfaces: readonly HostInterface[];
}

interface OpenParts {
  /** Runs what the modules registered for the guest's end, last first; one that fails does not keep others from it. */
  close(): Promise<void>;
}

/** Loads the files of all host modules that a guest may name, before any guest is there. */
export async function loadHostModules(urls: readonly string[]): Promise<LoadedHostModules> {
  const loaded = new Map<string, HostModule>();
  for (const url of urls) {
    const module = await importModule(url);
    const provides = [module.imports, module.interfaces, module.drive].some(
      (make) => typeof make === 'function',
    );
    if (module.contract !== 1 || !provides) {
      throw new RuntimeError('HOST_MODULE', `the host module ${url} does not speak contract 1`);
    }
    loaded.set(url, module as HostModule);
  }
  return {
    async load(uses, imported) {
      for (const { url } of uses) {
        const module = find(loaded, url);
        const { namespaces = imported } = module;
        const isUsed = imported.some(
          (name) => namespaces.includes(name) || namespaces.includes(unversioned(name)),
        );
        if (isUsed) await module.load?.();
      }
    },
    open: (uses, guest) => openHostModules(loaded, uses, guest),
    openInterfaces: (uses, guest) => openInterfaces(loaded, uses, guest),
    openDriver: (use, guest) => openDriver(find(loaded, use.url), use, guest),
  };
}

/** `wasi:http/types@0.2.3` → `wasi:http/types`. */
function unversioned(name: string): string {
  return name.replace(/@[^@]*$/, '');
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
  const closers = createClosers();
  for (const use of uses) {
    const provided = find(loaded, use.url).imports?.(contextOf(use, guest, closers));
    for (const [namespace, functions] of Object.entries(provided ?? {})) {
      const known = imports.get(namespace) ?? new Map<string, HostFunction>();
      for (const [name, call] of Object.entries(functions)) known.set(name, call);
      imports.set(namespace, known);
    }
  }
  return { imports, close: () => closers.run() };
}

async function openInterfaces(
  loaded: ReadonlyMap<string, HostModule>,
  uses: readonly HostModuleUse[],
  guest: GuestSide,
): Promise<OpenInterfaces> {
  const interfaces: HostInterface[] = [];
  const closers = createClosers();
  for (const use of uses) {
    const provided = await find(loaded, use.url).interfaces?.(contextOf(use, guest, closers));
    interfaces.push(...(provided ?? []));
  }
  return { interfaces, close: () => closers.run() };
}

async function openDriver(module: HostModule, use: HostModuleUse, guest: DrivenSide): Promise<OpenDriver> {
  if (module.drive === undefined)
    throw new RuntimeError('HOST_MODULE', `the host module ${use.url} drives no guests`);
  const { waiting, stopping, stdout, stderr } = guest;
  const closers = createClosers();
  try {
    const context = { ...contextOf(use, guest, closers), waiting, stopping, stdout, stderr };
    return { driver: await module.drive(context), close: () => closers.run() };
  } catch (error) {
    await closers.run();
    throw error;
  }
}

function contextOf({ url, config }: HostModuleUse, guest: GuestSide, closers: Closers): HostContext {
  return {
    config,
    memory: guest.memory,
    signal: guest.signal,
    report: (value) => guest.report(url, value),
    onEnd: (close) => closers.add(close),
  };
}

interface Closers {
  add(close: () => void | Promise<void>): void;
  run(): Promise<void>;
}

function createClosers(): Closers {
  const closers: (() => void | Promise<void>)[] = [];
  return {
    add: (close) => void closers.push(close),
    async run() {
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
