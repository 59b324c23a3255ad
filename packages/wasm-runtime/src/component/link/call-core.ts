import type { CoreValue } from '../host-interface.ts';
import type { LiftedFunction } from '../plan/component-plan.ts';
import { ComponentTrap } from '../component-trap.ts';
import type { LinkedGuest } from './linked-guest.ts';
import { resolveSource } from './store.ts';

type Core = (...values: readonly CoreValue[]) => unknown;

/** A function that a component exports, as its core function: entered and left by the rules. */
export interface CoreCall {
  readonly guest: LinkedGuest;
  /** Marks the instance as being in a call; before parameters are made. Whoever calls has seen that it is in none. */
  enter(): void;
  /** Answers the core result, or a promise of it. */
  call(values: readonly CoreValue[]): unknown;
  /** After the result has been read. */
  leave(result: unknown): void;
}

/** @param waits whether it may suspend; then it answers with a promise */
export function createCoreCall(
  { core: source, postReturn: after }: LiftedFunction,
  guest: LinkedGuest,
  waits: boolean,
): CoreCall {
  const { instance, store } = guest;
  let core: Core | undefined;
  let postReturn: Core | undefined;

  const find = (): Core => {
    const found = resolveSource(store, source);
    if (typeof found !== 'function') throw new ComponentTrap('a call to an instance that is not there yet');
    // What is no wasm function answers with a promise itself, where it has to wait.
    core = waits && source.from === 'instance' ? WebAssembly.promising(found as never) : (found as Core);
    postReturn = after && (resolveSource(store, after) as Core);
    return core;
  };

  return {
    guest,
    enter() {
      instance.entered = true;
    },
    call: (values) => (core ?? find())(...values),
    leave(result) {
      if (instance.handles.borrows > 0) guest.trap('borrow handles still remain at the end of the call');
      if (postReturn) {
        instance.mayLeave = false;
        if (result === undefined) postReturn();
        else postReturn(result as CoreValue);
        instance.mayLeave = true;
      }
      instance.entered = false;
    },
  };
}

/** Goes on with a result once it is there. */
export function afterwards<R>(result: unknown, go: (result: unknown) => R): R | Promise<R> {
  return result instanceof Promise ? result.then(go) : go(result);
}
