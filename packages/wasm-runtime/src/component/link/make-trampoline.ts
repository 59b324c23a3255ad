import type { Signature } from '../abi/signatures.ts';
import type { CoreHostFunction } from '../host-interface.ts';
import type { ComponentPlan } from '../plan/component-plan.ts';
import { callBetween } from './call-between.ts';
import type { CoreCall } from './call-core.ts';
import { guardCall, type Guarded, suspendingCall } from './guard-call.ts';
import type { LinkedGuest } from './linked-guest.ts';
import { dropResource } from './guest-resources.ts';
import type { CoreFunction, GuestResourceType, InstanceState, Store } from './store.ts';

export interface TrampolineContext {
  readonly plan: ComponentPlan;
  readonly functions: readonly CoreHostFunction[];
  /** Of each trampoline. */
  readonly paramCounts: readonly number[];
  readonly signatureOf: (lift: number) => Signature;
  readonly store: Store;
  readonly guestOf: (options: number) => LinkedGuest;
  readonly callOf: (lift: number) => CoreCall;
}

/** Makes the core function that a trampoline of the plan stands for. */
export function makeTrampoline(number: number, waits: boolean, context: TrampolineContext): CoreFunction {
  const { plan, store, paramCounts } = context;
  const trampoline = plan.trampolines[number];
  if (trampoline === undefined) throw new RangeError(`no trampoline ${number}`);
  const { call, instance } = makeCall(trampoline, context);
  const guarded = guardCall(call, paramCounts[number] ?? 0, {
    instance,
    store,
    ofGuest: trampoline.kind === 'call' || trampoline.kind === 'resource.drop',
  });
  return waits ? suspendingCall(guarded, store) : guarded;
}

interface Made {
  readonly call: CoreFunction;
  /** Who calls it. */
  readonly instance: Guarded['instance'];
}

/** For what a component may ask of its own handles at any time, in its clean-up after a call as well. */
const anyTime: Guarded['instance'] = { mayLeave: true };

function makeCall(
  trampoline: ComponentPlan['trampolines'][number],
  { functions, signatureOf, store, guestOf, callOf }: TrampolineContext,
): Made {
  switch (trampoline.kind) {
    case 'import': {
      const guest = guestOf(trampoline.options);
      const { bind } = functions[trampoline.import] as CoreHostFunction;
      return { call: bind(guest), instance: guest.instance };
    }
    case 'call': {
      const guest = guestOf(trampoline.options);
      const signature = signatureOf(trampoline.lift);
      return { call: callBetween(signature, guest, callOf(trampoline.lift)), instance: guest.instance };
    }
    case 'resource.new': {
      const instance = store.instances[trampoline.instance] as InstanceState;
      const type = store.resources[trampoline.resource] as unknown as GuestResourceType;
      return { call: (rep: number) => instance.handles.insert(type, rep), instance };
    }
    case 'resource.rep': {
      const instance = store.instances[trampoline.instance] as InstanceState;
      const type = store.resources[trampoline.resource] as unknown as GuestResourceType;
      return { call: (handle: number) => instance.handles.get(type, handle), instance: anyTime };
    }
    case 'resource.drop': {
      const instance = store.instances[trampoline.instance] as InstanceState;
      return { call: dropResource(store, trampoline.resource, instance), instance };
    }
    case 'unsupported':
      throw new RangeError('what is not supported has not been refused');
  }
}

/** Of `(i32 i64) -> ()` there are two. */
export function countParams(coreType: string): number {
  const params = coreType.slice(1, coreType.indexOf(')'));
  return params === '' ? 0 : params.split(' ').length;
}
