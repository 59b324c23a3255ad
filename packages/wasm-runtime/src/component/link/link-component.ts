import { createSignatures, type Signature } from '../abi/signatures.ts';
import type { HostInterface } from '../host-interface.ts';
import { createTrap } from '../../isolation/guest-host/exit-switch.ts';
import type { ComponentPlan } from '../plan/component-plan.ts';
import type { ComponentInstance } from './component-instance.ts';
import { findWaits, type Waits } from './find-waits.ts';
import { type FirstState, findFirstState, isResettable } from './first-state.ts';
import { instantiateComponent } from './instantiate-component.ts';
import type { Linked } from './linked.ts';
import { countParams } from './make-trampoline.ts';
import { matchHosts } from './match-hosts.ts';
import { createMemoryPool } from './memory-pool.ts';
import { createWaitingCalls } from './waiting-calls.ts';

export interface LinkOptions {
  /**
   * How functions wait that may: by a promise, which suspends the guest and makes every call to it asynchronous, or with the
   * thread. @default 'sync'
   */
  readonly waiting?: 'sync' | 'suspend';
  /**
   * Whether an instance makes many calls, as a command or a server's that is used again. Calls that may wait and need not take a
   * twelfth of the time then (7 and 92 ns), and an instance that waits some 10 µs more to be made. @default whether instances can
   * be reset
   */
  readonly longLived?: boolean;
  /** Handles that one component instance may have at once. @default 65,536 */
  readonly maxHandles?: number;
  /** Bytes of strings and lists that the result of one call from JavaScript may have. @default 16 MiB */
  readonly maxCallBytes?: number;
}

/** A component joined to hosts, of which instances are made. */
export interface LinkedComponent {
  readonly plan: ComponentPlan;
  /**
   * Makes an instance: everything of it anew but the compiled code. Runs the start functions of its core modules; throws
   * `FailedStart` where they end it, and {@link RuntimeError} `INVALID_MODULE` for what V8 does not link.
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
  const {
    waiting = 'sync',
    longLived = isResettable({ plan }),
    maxHandles = 65_536,
    maxCallBytes = 16 * 1024 * 1024,
  } = options;
  const matched = matchHosts(plan, hosts);
  const signatureOf = createSignatures();
  const signatures: (Signature | undefined)[] = [];
  const waits = findWaits(plan, matched.functions, waiting);
  const waiters = longLived ? findWaiters(plan, waits) : new Map<number, number>();
  let firstState: { readonly found: FirstState | undefined } | undefined;
  const linked: Linked = {
    plan,
    ...matched,
    waits,
    memories: createMemoryPool(plan),
    memoryBytes: memoryBytesOf(plan),
    firstState: () => (firstState ??= { found: findFirstState(linked) }).found,
    waiters,
    waitingCalls: createWaitingCalls(
      [...waiters.keys()].map((number) => plan.trampolines[number]?.coreType ?? ''),
    ),
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

function memoryBytesOf({ steps, modules }: ComponentPlan): number {
  const memories = steps.flatMap(({ module }) => modules[module]?.memories ?? []);
  return memories.reduce((sum, { initialBytes }) => sum + initialBytes, 0);
}

/** Numbers of the trampolines that core modules import and that may wait, each with its place among them. */
function findWaiters({ steps }: ComponentPlan, { trampolines }: Waits): ReadonlyMap<number, number> {
  const places = new Map<number, number>();
  for (const { source } of steps.flatMap(({ imports }) => imports)) {
    if (source.from !== 'trampoline' || !trampolines[source.trampoline]) continue;
    if (!places.has(source.trampoline)) places.set(source.trampoline, places.size);
  }
  return places;
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
