import type { ForwardingModule } from '@wasmlet/wasm-binary';
import type { CoreSource, StepImport } from './component-plan.ts';
import type { DraftStep, DraftStepImport } from './draft.ts';
import type { Slot, Source } from './scope.ts';

type Forwarder = Extract<ForwardingModule, { kind: 'forwarder' }>;
type Filler = Extract<ForwardingModule, { kind: 'filler' }>;

/**
 * Core instances that only forward to functions that another fills in. Those of the linker's are there from the beginning, so
 * who imports them by way of a forwarder gets them straight; a forwarder that nobody uses then is left out, with what fills it.
 */
export interface Forwarders {
  add(instance: number, module: Forwarder, slots: ReadonlyMap<string, Slot>): void;
  /** Fills the slots of the forwarder whose table a filler takes. */
  fill(instance: number, module: Filler, imports: readonly DraftStepImport[]): void;
  /** The steps with imports as they are to be, without those that are left out. */
  finish(steps: readonly DraftStep[]): readonly FinishedStep[];
}

interface FinishedStep {
  readonly module: number;
  readonly instance: number;
  readonly imports: readonly (StepImport & { readonly coreType: string | undefined })[];
}

interface Known {
  readonly module: Forwarder;
  readonly slots: ReadonlyMap<string, Slot>;
  filler: number | undefined;
}

export function createForwarders(): Forwarders {
  const known = new Map<number, Known>();
  const fillers = new Map<number, number>();

  return {
    add: (instance, module, slots) => void known.set(instance, { module, slots, filler: undefined }),
    fill(instance, module, imports) {
      const sourceOf = (name: { module: string; name: string }) =>
        imports.find((one) => one.module === name.module && one.name === name.name)?.source;
      const table = sourceOf(module.table);
      const forwarder = table?.from === 'instance' ? known.get(table.instance) : undefined;
      if (forwarder === undefined || table?.from !== 'instance') return;
      if (table.name !== forwarder.module.table || forwarder.filler !== undefined) return;
      forwarder.filler = instance;
      fillers.set(instance, table.instance);
      for (const [name, place] of forwarder.module.functions) {
        const filled = module.functions[place];
        const source = filled && sourceOf(filled);
        const slot = forwarder.slots.get(name);
        if (slot && source) slot.filled = settle(source);
      }
    },
    finish(steps) {
      const finished = steps.map((step) => ({
        ...step,
        imports: step.imports.map((one) => ({ ...one, source: throughForwarder(one.source) })),
      }));
      const used = new Set<number>();
      for (const { instance, imports } of finished) {
        const filled = fillers.get(instance);
        for (const { source } of imports) {
          if (source.from === 'instance' && source.instance !== filled) used.add(source.instance);
        }
      }
      const isIdle = (instance: number) => known.get(instance)?.filler !== undefined && !used.has(instance);
      return finished.filter(({ instance }) => {
        const filled = fillers.get(instance);
        return !isIdle(instance) && (filled === undefined || !isIdle(filled));
      });
    },
  };
}

/** What an import is bound to when its module is instantiated: what is in a slot, if it is there by then. */
function throughForwarder(source: Source): CoreSource {
  if (source.from !== 'slot') return source;
  if (source.filled?.from === 'trampoline') return source.filled;
  return { from: 'instance', instance: source.forwarder, name: source.name };
}

/** What a source stands for once all is instantiated. */
export function settle(source: Source): CoreSource {
  if (source.from !== 'slot') return source;
  return source.filled ?? { from: 'instance', instance: source.forwarder, name: source.name };
}
