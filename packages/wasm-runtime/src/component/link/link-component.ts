import { createSignatures, type Signature } from '../abi/signatures.ts';
import type { HostInterface } from '../host-interface.ts';
import { createTrap } from '../../isolation/guest-host/exit-switch.ts';
import type { ComponentPlan } from '../plan/component-plan.ts';
import type { ComponentInstance } from './component-instance.ts';
import { findWaits } from './find-waits.ts';
import { instantiateComponent } from './instantiate-component.ts';
import { countParams } from './make-trampoline.ts';
import { matchHosts } from './match-hosts.ts';

export interface LinkOptions {
  /**
   * How functions wait that may: by a promise, which suspends the guest and makes every call to it asynchronous, or with the
   * thread. @default 'sync'
   */
  readonly waiting?: 'sync' | 'suspend';
  /** Handles that one component instance may have at once. @default 65,536 */
  readonly maxHandles?: number;
  /** Bytes of strings and lists that the result of one call from JavaScript may have. @default 16 MiB */
  readonly maxCallBytes?: number;
}

/** A component joined to hosts, of which instances are made. */
export interface LinkedComponent {
  readonly plan: ComponentPlan;
  /**
   * Makes an instance: everything of it anew but the compiled code. Runs the start functions of its core modules; throws with
   * their traps, and {@link RuntimeError} `INVALID_MODULE` for what V8 does not link.
   */
  instantiate(): ComponentInstance;
}

/**
 * Joins a component's imports to the functions of hosts, once for all of its instances.
 *
 * @param hosts of several with the same name, the first of a version that matches is taken
 *
 * Throws {@link RuntimeError}: `UNKNOWN_IMPORT` and `CANNOT_LINK`, naming all that is missing.
 */
export function linkComponent(
  plan: ComponentPlan,
  hosts: readonly HostInterface[],
  options: LinkOptions = {},
): LinkedComponent {
  const { waiting = 'sync', maxHandles = 65_536, maxCallBytes = 16 * 1024 * 1024 } = options;
  const matched = matchHosts(plan, hosts);
  const signatureOf = createSignatures();
  const signatures: (Signature | undefined)[] = [];
  const linked = {
    plan,
    ...matched,
    waits: findWaits(plan, matched.functions, waiting),
    paramCounts: plan.trampolines.map(({ coreType }) => countParams(coreType)),
    waiting,
    maxHandles,
    maxCallBytes,
    trap: createTrap(),
    signatureOf(lift: number): Signature {
      const known = signatures[lift];
      if (known) return known;
      const { type } = plan.lifts[lift] as ComponentPlan['lifts'][number];
      const signature = signatureOf(type);
      signatures[lift] = signature;
      return signature;
    },
    imports: plan.steps.map(({ imports }) => groupImports(imports)),
  };
  return { plan, instantiate: () => instantiateComponent(linked) };
}

type StepImports = ComponentPlan['steps'][number]['imports'];

/** Imports of a step by their module names, as objects of imports are built. */
function groupImports(imports: StepImports): readonly (readonly [string, StepImports])[] {
  const groups = new Map<string, StepImports[number][]>();
  for (const one of imports) {
    const group = groups.get(one.module);
    if (group) group.push(one);
    else groups.set(one.module, [one]);
  }
  return [...groups];
}
