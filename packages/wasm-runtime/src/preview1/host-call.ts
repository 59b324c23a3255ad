import { RuntimeError } from '../errors.ts';
import { errnoOf } from './errno.ts';
import type { GuestState } from './guest-state.ts';

/**
 * Answers an error of a host call: as errno when it is a refusal; all else ends the guest, among it that the guest had
 * used up the stack when it called.
 */
export type Answer = (error: unknown) => number;

/**
 * @param fail ends the guest by a trap that it cannot catch, as it could what is thrown here. Where the stack is too short
 *   even for that, V8's own error ends it.
 */
export function createAnswer(fail: ((error: unknown) => never) | undefined): Answer {
  return (error) => {
    try {
      return errnoOf(error);
    } catch (defect) {
      // What we refuse to run is told to who started it.
      if (fail === undefined || defect instanceof RuntimeError) throw defect;
      return fail(defect);
    }
  };
}

/** A call that is counted, and tells its refusals as errno. */
export function hostCall<Args extends readonly unknown[]>(
  call: (...args: Args) => number | Promise<number>,
  { answer, calls }: Pick<GuestState, 'answer' | 'calls'>,
): (...args: Args) => number | Promise<number> {
  return (...args) => {
    try {
      calls.add();
      const told = call(...args);
      return typeof told === 'number' ? told : told.catch(answer);
    } catch (error) {
      return answer(error);
    }
  };
}

/** V8's error when a guest has used up the stack and calls the host: the guest's trap, not an errno. */
export function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message.startsWith('Maximum call stack');
}
