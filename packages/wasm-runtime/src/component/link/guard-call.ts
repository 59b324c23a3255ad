import type { CoreFunction, InstanceState, Store } from './store.ts';
import { ComponentTrap } from '../component-trap.ts';

type Call = (...values: unknown[]) => unknown;

export interface Guarded {
  readonly instance: Pick<InstanceState, 'mayLeave'>;
  readonly store: Store;
  /** Whether it is another component that is called, in the end. */
  readonly ofGuest: boolean;
}

/**
 * A function as a component may call it: not while it may not leave, and what it throws is a trap, which the guest cannot
 * catch. One shape for each count of parameters: arrays of them would cost more than the calls.
 */
export function guardCall(
  call: CoreFunction,
  params: number,
  { instance, store, ofGuest }: Guarded,
): CoreFunction {
  const go = call as Call;
  const refuse = (): never =>
    store.exitSwitch.fail(store.stopped ?? new ComponentTrap('cannot leave component instance'));
  const fail = (error: unknown): never => {
    // A trap of another component's is one for the caller as well, as it is.
    if (ofGuest && error instanceof WebAssembly.RuntimeError) throw error;
    if (ofGuest && !(error instanceof Error))
      return store.exitSwitch.fail(new ComponentTrap('uncaught exception'));
    // Where the stack was too short for the call it may be for this as well: then V8's own error ends the guest.
    return store.exitSwitch.fail(error);
  };
  switch (params) {
    case 0:
      return () => {
        if (!instance.mayLeave) refuse();
        try {
          return go();
        } catch (error) {
          return fail(error);
        }
      };
    case 1:
      return (a) => {
        if (!instance.mayLeave) refuse();
        try {
          return go(a);
        } catch (error) {
          return fail(error);
        }
      };
    case 2:
      return (a, b) => {
        if (!instance.mayLeave) refuse();
        try {
          return go(a, b);
        } catch (error) {
          return fail(error);
        }
      };
    case 3:
      return (a, b, c) => {
        if (!instance.mayLeave) refuse();
        try {
          return go(a, b, c);
        } catch (error) {
          return fail(error);
        }
      };
    case 4:
      return (a, b, c, d) => {
        if (!instance.mayLeave) refuse();
        try {
          return go(a, b, c, d);
        } catch (error) {
          return fail(error);
        }
      };
    case 5:
      return (a, b, c, d, e) => {
        if (!instance.mayLeave) refuse();
        try {
          return go(a, b, c, d, e);
        } catch (error) {
          return fail(error);
        }
      };
    default:
      return (...values) => {
        if (!instance.mayLeave) refuse();
        try {
          return go(...values);
        } catch (error) {
          return fail(error);
        }
      };
  }
}

/** The same for one that may answer with a promise, as a function that suspends the guest. */
export function suspendingCall(guarded: CoreFunction, store: Store): CoreFunction {
  const go = guarded as Call;
  return (...values: never[]) => {
    const told = go(...values);
    if (!(told instanceof Promise)) return told;
    return unlessStopped(told, store).catch((error: unknown) => store.exitSwitch.fail(error));
  };
}

function unlessStopped<T>(told: Promise<T>, { waits }: Store): Promise<T> {
  return new Promise((resolve, reject) => {
    waits.add(reject);
    told.then(resolve, reject).finally(() => waits.delete(reject));
  });
}
