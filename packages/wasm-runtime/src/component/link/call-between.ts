import type { Signature } from '../abi/signatures.ts';
import type { CoreValue } from '../host-interface.ts';
import { afterwards, type CoreCall } from './call-core.ts';
import type { LinkedGuest } from './linked-guest.ts';

/**
 * Makes what one component's core module calls to call another component: takes core values, copies what they stand for from
 * memory to memory, and answers the core result.
 */
export function callBetween(
  { params, result, passesStraight }: Signature,
  from: LinkedGuest,
  callee: CoreCall,
): (...values: CoreValue[]) => unknown {
  const to = callee.guest;

  const pass = (values: readonly CoreValue[]): readonly CoreValue[] => {
    const { size, alignment } = params.layout;
    const lent: number[] = [];
    const move = { from, to, lent };
    const passed: CoreValue[] = [];
    if (params.inMemory) {
      const at = from.check(values[0] as number, size, alignment);
      const pointer = to.allocate(size, alignment);
      params.copy(from.view(), at, to, pointer, move);
      passed.push(pointer);
    } else {
      const here = params.here.view();
      params.spill({ values, at: 0 }, here, 0, from);
      params.copy(here, 0, params.there, 0, move);
      params.fill(params.there.view(), 0, passed);
    }
    // The caller waits for the call, and nothing of it runs meanwhile: all that borrows have to exclude is past.
    for (const handle of lent) from.handles.unlend(handle);
    return passed;
  };

  const answer = (core: unknown, values: readonly CoreValue[]): CoreValue | undefined => {
    if (!result) return undefined;
    const { size, alignment } = result.layout;
    const move = { from: to, to: from, lent: [] };
    if (result.inMemory) {
      const at = to.check(core as number, size, alignment);
      const pointer = from.check(values[values.length - 1] as number, size, alignment);
      result.copy(to.view(), at, from, pointer, move);
      return undefined;
    }
    const there = result.there.view();
    result.spill({ values: [core as CoreValue], at: 0 }, there, 0, to);
    result.copy(there, 0, result.here, 0, move);
    const answered: CoreValue[] = [];
    result.fill(result.here.view(), 0, answered);
    return answered[0];
  };

  return (...values) => {
    if (to.instance.entered || to.instance === from.instance) from.trap('cannot enter component instance');
    callee.enter();
    const core = callee.call(passesStraight ? values : pass(values));
    return afterwards(core, (told) => {
      const answered = passesStraight ? told : answer(told, values);
      callee.leave(told);
      return answered;
    });
  };
}
