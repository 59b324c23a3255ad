import type { Signature } from '../abi/signatures.ts';
import type { CoreResult, CoreValue } from '../host-interface.ts';
import { afterwards, type CoreCall } from './call-core.ts';
import { ComponentTrap } from '../component-trap.ts';
import type { LinkedGuest } from './linked-guest.ts';
import type { Store } from './store.ts';

/** Calls an export with core values, as hosts do. */
export function callWithCoreValues(
  callee: CoreCall,
): (...values: readonly CoreValue[]) => CoreResult | Promise<CoreResult> {
  const call = (values: readonly CoreValue[]): CoreResult | Promise<CoreResult> =>
    afterwards(callee.call(values), (told) => {
      callee.leave(told);
      return told as CoreResult;
    });
  return (...values) => within(callee.guest, { pass: () => values, call });
}

/** Calls an export with values of JavaScript's. A result that is an error is thrown as a {@link ComponentError}. */
export function callWithValues(
  { params, result, count }: Signature,
  callee: CoreCall,
  { maxBytes, throws }: { readonly maxBytes: number; readonly throws: boolean },
): (...values: readonly unknown[]) => unknown {
  const { guest } = callee;

  const pass = (values: readonly unknown[]): readonly CoreValue[] => {
    const passed: CoreValue[] = [];
    if (params.inMemory) {
      const { size, alignment } = params.layout;
      const pointer = guest.allocate(size, alignment);
      params.store(guest, pointer, values, guest);
      passed.push(pointer);
    } else {
      params.store(params.here, 0, values, guest);
      params.fill(params.here.view(), 0, passed);
    }
    return passed;
  };

  const read = (core: unknown): unknown => {
    if (!result) return undefined;
    const allowance = { left: maxBytes };
    if (result.inMemory) {
      const { size, alignment } = result.layout;
      const at = guest.check(core as number, size, alignment);
      return result.load(guest.view(), at, guest, allowance);
    }
    const here = result.here.view();
    result.spill({ values: [core as CoreValue], at: 0 }, here, 0, guest);
    return result.load(here, 0, guest, allowance);
  };

  const call = (values: readonly CoreValue[]): unknown =>
    afterwards(callee.call(values), (core) => {
      const value = read(core);
      callee.leave(core);
      return value;
    });

  return (...values) => {
    if (values.length !== count)
      throw new TypeError(`${count} arguments are wanted; ${values.length} are given`);
    const told = within(callee.guest, { pass: () => pass(values), call });
    return throws ? afterwards(told, orThrow) : told;
  };
}

/** What a function answered that may fail, when it failed. */
export class ComponentError extends Error {
  override readonly name = 'ComponentError';
  /** The error as the component told it. */
  readonly payload: unknown;
  constructor(payload: unknown) {
    super(`the component answered an error: ${show(payload)}`);
    this.payload = payload;
  }
}

function show(payload: unknown): string {
  if (typeof payload === 'string') return payload;
  return (
    JSON.stringify(payload, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)) ?? ''
  );
}

function orThrow(told: unknown): unknown {
  const { tag, val } = told as { readonly tag: string; readonly val?: unknown };
  if (tag === 'err') throw new ComponentError(val);
  return val;
}

interface Outside<T> {
  /** Makes the core values to call with. */
  readonly pass: () => readonly CoreValue[];
  readonly call: (values: readonly CoreValue[]) => T | Promise<T>;
}

/** Whatever fails in a call, the instance is not called again; values of a wrong type do no harm. */
export function within<T>(
  { store, instance }: Pick<LinkedGuest, 'store' | 'instance'>,
  { pass, call }: Outside<T>,
): T | Promise<T> {
  if (store.ended) throw new ComponentTrap('the instance has ended', { cause: store.end });
  if (store.stopped) throw new ComponentTrap('the instance has been stopped', { cause: store.stopped });
  if (instance.entered) throw new ComponentTrap('cannot enter component instance: it is in another call');
  instance.entered = true;
  store.calls += 1;
  let passed: readonly CoreValue[] | undefined;
  try {
    passed = pass();
    const told = call(passed);
    if (told instanceof Promise) {
      return told.then(
        (value) => {
          store.calls -= 1;
          return value;
        },
        (error: unknown) => {
          store.calls -= 1;
          return end(store, error);
        },
      );
    }
    store.calls -= 1;
    return told;
  } catch (error) {
    store.calls -= 1;
    const isHarmless = !passed && error instanceof TypeError && !store.exitSwitch.used;
    // What it has been lent for the call would be found at the end of the next one.
    if (!isHarmless || instance.handles.borrows > 0) return end(store, error);
    instance.entered = false;
    throw error;
  }
}

function end(store: Store, error: unknown): never {
  store.ended = true;
  store.trap = error;
  const { used } = store.exitSwitch;
  // The trap itself says nothing but that it was one.
  const told = used?.kind === 'failure' && used.error instanceof Error ? used.error : error;
  store.end = told;
  throw told;
}
