import type { FunctionType, StringEncoding } from '@wasmlet/wasm-binary';
import { RuntimeError } from '../../errors.ts';
import type { PlannedImport, Trampoline, Unsupported } from './component-plan.ts';
import type { Source } from './scope.ts';

/** A plan while it is written: as the plan, but that what forwarding modules stand for is not known yet. */
export interface Draft {
  /** Component instances so far. */
  readonly instances: number;
  readonly coreInstances: number;
  readonly steps: readonly DraftStep[];
  readonly resources: readonly DraftResource[];
  readonly imports: readonly PlannedImport[];
  readonly options: readonly DraftOptions[];
  readonly lifts: readonly DraftLift[];
  readonly trampolines: readonly Trampoline[];
  readonly unsupported: readonly Unsupported[];
  /** Lifted functions that cannot be called, with the reason. */
  readonly refusedLifts: ReadonlyMap<number, string>;
  countInstance(): void;
  /** The number of the core instance that the step makes. */
  addStep(step: Omit<DraftStep, 'instance'>): number;
  addResource(resource: DraftResource): number;
  addImport(of: PlannedImport): number;
  addOptions(options: DraftOptions): number;
  addLift(lift: DraftLift): number;
  addTrampoline(trampoline: Trampoline): number;
  refuse(what: string, why: string): void;
  refuseLift(lift: number, why: string): void;
}

export interface DraftStep {
  readonly module: number;
  readonly instance: number;
  readonly imports: readonly DraftStepImport[];
}

export interface DraftStepImport {
  readonly module: string;
  readonly name: string;
  readonly source: Source;
  /** The core signature that a function is imported with. */
  readonly coreType: string | undefined;
}

export type DraftResource =
  | {
      readonly kind: 'import';
      readonly interface: string;
      readonly version?: string;
      readonly name: string;
    }
  | { readonly kind: 'defined'; readonly instance: number; readonly destructor: Source | undefined };

export interface DraftOptions {
  readonly instance: number;
  readonly encoding: StringEncoding;
  readonly memory: Source | undefined;
  readonly realloc: Source | undefined;
}

export interface DraftLift {
  readonly core: Source;
  readonly type: FunctionType;
  readonly options: number;
  readonly postReturn: Source | undefined;
}

/** More instances, of components or of core modules, are not made: each costs memory before it runs. */
const maxInstances = 1_000;

export function createDraft(): Draft {
  const steps: DraftStep[] = [];
  const resources: DraftResource[] = [];
  const imports: PlannedImport[] = [];
  const options: DraftOptions[] = [];
  const lifts: DraftLift[] = [];
  const trampolines: Trampoline[] = [];
  const unsupported: Unsupported[] = [];
  const refusedLifts = new Map<number, string>();
  const known = new Map<string, number>();
  let instances = 0;

  const once = <T>(list: T[], key: string, value: T): number => {
    const before = known.get(key);
    if (before !== undefined) return before;
    known.set(key, list.length);
    return list.push(value) - 1;
  };

  return {
    get instances() {
      return instances;
    },
    get coreInstances() {
      return steps.length;
    },
    steps,
    resources,
    imports,
    options,
    lifts,
    trampolines,
    unsupported,
    refusedLifts,
    countInstance() {
      instances += 1;
      checkCount('component', instances);
    },
    addStep(step) {
      const instance = steps.length;
      steps.push({ ...step, instance });
      checkCount('core', steps.length);
      return instance;
    },
    addResource: (resource) => resources.push(resource) - 1,
    addImport: (of) => once(imports, JSON.stringify(['import', of]), of),
    addOptions: (of) => once(options, optionsKey(of), of),
    addLift: (lift) => lifts.push(lift) - 1,
    addTrampoline: (trampoline) => trampolines.push(trampoline) - 1,
    refuse: (what, why) => void unsupported.push({ what, why }),
    refuseLift: (lift, why) => void refusedLifts.set(lift, why),
  };
}

function checkCount(what: string, count: number): void {
  if (count > maxInstances) {
    throw new RuntimeError(
      'INVALID_MODULE',
      `the component makes more than ${maxInstances} ${what} instances`,
    );
  }
}

function optionsKey({ instance, encoding, memory, realloc }: DraftOptions): string {
  return JSON.stringify(['options', instance, encoding, keyOf(memory), keyOf(realloc)]);
}

function keyOf(source: Source | undefined): unknown {
  switch (source?.from) {
    case 'instance':
      return [source.instance, source.name];
    case 'trampoline':
      return [source.trampoline];
    case 'slot':
      return ['slot', source.forwarder, source.name];
    case undefined:
      return null;
  }
}
