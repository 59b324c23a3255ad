import type { FunctionType, StringEncoding } from '@wasmlet/wasm-binary';

/**
 * What makes instances of a component: the component and all that is nested in it, as one list of steps. Plain data and
 * compiled modules, so it can be sent to other threads. Numbers are indices of the lists here.
 */
export interface ComponentPlan {
  readonly modules: readonly PlannedModule[];
  readonly steps: readonly Step[];
  /** How many core instances the steps number; some may be left out. */
  readonly coreInstances: number;
  /** How many component instances there are, each with its handles. */
  readonly instances: number;
  readonly resources: readonly PlannedResource[];
  readonly imports: readonly PlannedImport[];
  readonly options: readonly PlannedOptions[];
  readonly lifts: readonly LiftedFunction[];
  readonly trampolines: readonly Trampoline[];
  readonly exports: readonly PlannedExport[];
  /** What it needs and the linker does not do. */
  readonly unsupported: readonly Unsupported[];
}

export interface PlannedModule {
  /** Absent for those that are never instantiated. */
  readonly module?: WebAssembly.Module;
  /** The memory that it imports in place of its own, where the plan was to make it so. */
  readonly pooledMemory?: PooledMemory;
  /** Its own memories. */
  readonly memories: readonly PlannedMemory[];
  /** What of its instances can change besides that memory; absent where not all of it can be put back. */
  readonly reset?: PlannedReset;
}

export interface PlannedReset {
  /** Exports that are its globals. */
  readonly globals: readonly string[];
  /** The module as it was given. It is searched for what changes tables when that first matters, as that takes time. */
  readonly bytes: Uint8Array;
}

export interface PooledMemory {
  readonly module: string;
  readonly name: string;
  readonly minPages: number;
  readonly maxPages?: number;
}

export interface PlannedMemory {
  readonly initialBytes: number;
  /** The name under which it is exported, if it is. */
  readonly exportName?: string;
  /** Whether the module could as well import it: it is its only one. */
  readonly importable: boolean;
}

/** Instantiates a core module. */
export interface Step {
  readonly module: number;
  /** The core instance that it makes. */
  readonly instance: number;
  readonly imports: readonly StepImport[];
}

export interface StepImport {
  readonly module: string;
  readonly name: string;
  readonly source: CoreSource;
}

/** Where a core function, memory, table or global comes from. */
export type CoreSource =
  | { readonly from: 'instance'; readonly instance: number; readonly name: string }
  | { readonly from: 'trampoline'; readonly trampoline: number };

export type PlannedResource =
  | { readonly kind: 'import'; readonly interface: string; readonly version?: string; readonly name: string }
  | { readonly kind: 'defined'; readonly instance: number; readonly destructor?: CoreSource };

/** A function that the component imports. */
export interface PlannedImport {
  /** Empty at the top of the component. */
  readonly interface: string;
  readonly version?: string;
  readonly name: string;
  readonly type: FunctionType;
  /** What it flattens to, e.g. `(i32 i64) -> ()`. */
  readonly coreType: string;
}

/** Canonical options and the component instance that they are of. */
export interface PlannedOptions {
  readonly instance: number;
  readonly encoding: StringEncoding;
  readonly memory?: CoreSource;
  readonly realloc?: CoreSource;
}

/** A function of the component. Resources in its type are numbers of the plan, as in all types here. */
export interface LiftedFunction {
  readonly core: CoreSource;
  readonly type: FunctionType;
  readonly options: number;
  readonly postReturn?: CoreSource;
}

/** A core function that the linker makes. */
export type Trampoline = { readonly coreType: string } & (
  | { readonly kind: 'import'; readonly import: number; readonly options: number }
  | { readonly kind: 'call'; readonly lift: number; readonly options: number }
  | {
      readonly kind: 'resource.new' | 'resource.rep' | 'resource.drop';
      readonly resource: number;
      readonly instance: number;
    }
  /** Named in {@link ComponentPlan.unsupported}. */
  | { readonly kind: 'unsupported' }
);

export type PlannedExport = { readonly name: string } & (
  | { readonly kind: 'func'; readonly lift: number }
  | { readonly kind: 'instance'; readonly exports: readonly PlannedExport[] }
);

export interface Unsupported {
  /** The interface and function, or the built-in. */
  readonly what: string;
  readonly why: string;
}
