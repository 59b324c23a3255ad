import { errnoOf } from './errno.ts';

/** A call that tells its refusals as errno; all else it throws ends the guest. */
export function hostCall<Args extends readonly unknown[]>(
  call: (...args: Args) => number | Promise<number>,
): (...args: Args) => number | Promise<number> {
  return (...args) => {
    try {
      const answer = call(...args);
      return typeof answer === 'number' ? answer : answer.catch(errnoOf);
    } catch (error) {
      return errnoOf(error);
    }
  };
}

/** V8's error when a guest has used up the stack and calls the host: the guest's trap, not an errno. */
export function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message.startsWith('Maximum call stack');
}
