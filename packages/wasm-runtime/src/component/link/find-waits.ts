import type { CoreHostFunction } from '../host-interface.ts';
import type { ComponentPlan, Trampoline } from '../plan/component-plan.ts';

/** Which component instances, and trampolines, may wait: by a host's function that may, or by another instance that may. */
export interface Waits {
  readonly instances: readonly boolean[];
  readonly trampolines: readonly boolean[];
}

export function findWaits(
  plan: ComponentPlan,
  functions: readonly CoreHostFunction[],
  waiting: 'sync' | 'suspend',
): Waits {
  const instances = Array.from({ length: plan.instances }, () => false);
  const trampolines = plan.trampolines.map(() => false);
  if (waiting === 'sync') return { instances, trampolines };
  const instanceOf = (options: number): number => plan.options[options]?.instance ?? 0;
  const callerOf = (trampoline: Trampoline): number =>
    'options' in trampoline
      ? instanceOf(trampoline.options)
      : 'instance' in trampoline
        ? trampoline.instance
        : 0;
  const mayWait = (trampoline: Trampoline): boolean => {
    if (trampoline.kind === 'import') return functions[trampoline.import]?.waits === true;
    if (trampoline.kind === 'call') {
      return instances[instanceOf(plan.lifts[trampoline.lift]?.options ?? 0)] === true;
    }
    if (trampoline.kind !== 'resource.drop') return false;
    const resource = plan.resources[trampoline.resource];
    return (
      resource?.kind === 'defined' &&
      resource.destructor !== undefined &&
      instances[resource.instance] === true
    );
  };
  for (let changed = true; changed; ) {
    changed = false;
    plan.trampolines.forEach((trampoline, number) => {
      if (trampolines[number] || !mayWait(trampoline)) return;
      trampolines[number] = true;
      instances[callerOf(trampoline)] = true;
      changed = true;
    });
  }
  return { instances, trampolines };
}
