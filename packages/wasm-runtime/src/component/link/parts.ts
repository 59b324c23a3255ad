import { createExitSwitch } from '../../isolation/guest-host/exit-switch.ts';
import type { ResourceType } from '../host-interface.ts';
import type { ComponentPlan, StepImport } from '../plan/component-plan.ts';
import { type CoreCall, createCoreCall } from './call-core.ts';
import { defineResource } from './guest-resources.ts';
import type { Linked } from './linked.ts';
import { ComponentTrap } from '../component-trap.ts';
import { LinkedGuest } from './linked-guest.ts';
import { makeTrampoline } from './make-trampoline.ts';
import { type CoreFunction, createInstanceState, resolveSource, type Store } from './store.ts';

/** What an instance of a component is made of besides its core instances; each part is made when it is first used. */
export interface Parts {
  readonly store: Store;
  /** What a core module imports, as the engine takes it. */
  readonly importOf: (source: StepImport['source']) => WebAssembly.ImportValue;
  /** All calls from outside may wait, or none, so that callers need not know which. */
  readonly callFromOutside: (lift: number) => CoreCall;
  /** Ends the instance, what it has of hosts, and what hosts have of it. */
  readonly close: () => void;
}

export function createParts(linked: Linked): Parts {
  const { plan, waits, waiting } = linked;
  const exitSwitch = createExitSwitch(linked.trap);
  const fail = (reason: string): never => exitSwitch.fail(new ComponentTrap(reason));
  const guests: LinkedGuest[] = [];
  const guestOf = (options: number): LinkedGuest =>
    (guests[options] ??= new LinkedGuest(store, at(plan.options, options)));
  const trampolineOf = lazily<CoreFunction>((number) =>
    makeTrampoline(number, waits.trampolines[number] === true, { ...linked, store, guestOf, callOf }),
  );
  const callFromOutside = lazily((lift) => {
    const lifted = at(plan.lifts, lift);
    return createCoreCall(lifted, guestOf(lifted.options), waiting === 'suspend');
  });
  const callOf = lazily((lift) => {
    const lifted = at(plan.lifts, lift);
    const guest = guestOf(lifted.options);
    return createCoreCall(lifted, guest, waits.instances[guest.instance.number] === true);
  });
  const resourceOf = (resource: ComponentPlan['resources'][number], number: number): ResourceType<never> => {
    if (resource.kind === 'import') return at(linked.resources, number) as ResourceType<never>;
    const waitsToo = waits.instances[resource.instance] === true;
    return defineResource(resource, `resource ${number}`, { store: () => store, waits: waitsToo });
  };
  const store: Store = {
    waiting,
    exitSwitch,
    instances: Array.from({ length: plan.instances }, (_, number) =>
      createInstanceState(number, linked.maxHandles, fail),
    ),
    resources: plan.resources.map(resourceOf),
    coreExports: [],
    trampolineOf,
    waits: new Set(),
    stopped: undefined,
    calls: 0,
    ended: false,
    closed: false,
    end: undefined,
    trap: undefined,
  };
  let waiters: readonly WebAssembly.ImportValue[] | undefined;
  return {
    store,
    callFromOutside,
    close() {
      if (!store.ended) store.end = new ComponentTrap('the instance has been closed');
      store.ended = true;
      store.closed = true;
      for (const guest of guests) guest?.detach();
      for (const { handles } of store.instances) handles.close();
    },
    importOf(source) {
      const place = source.from === 'trampoline' ? linked.waiters.get(source.trampoline) : undefined;
      if (place !== undefined) {
        waiters ??= linked.waitingCalls.bind([...linked.waiters.keys()].map(trampolineOf));
        return at(waiters, place);
      }
      const found = resolveSource(store, source) as WebAssembly.ImportValue;
      const mayWait = source.from === 'trampoline' && waits.trampolines[source.trampoline];
      return mayWait ? new WebAssembly.Suspending(found as never) : found;
    },
  };
}

function lazily<T>(make: (number: number) => T): (number: number) => T {
  const made: (T | undefined)[] = [];
  return (number) => (made[number] ??= make(number));
}

function at<T>(list: readonly T[], number: number): T {
  return list[number] as T;
}
