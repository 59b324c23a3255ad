import { errno } from './errno.ts';
import { clockid } from './flags.ts';
import type { GuestState } from './guest-state.ts';

/** Arguments, environment, clocks, random bytes and the process itself. */
export function processCalls(guest: GuestState) {
  const { memory, clocks } = guest;

  function putSizes(strings: readonly Uint8Array[], count: number, bytes: number): number {
    memory.check(bytes, 4);
    memory.setU32(count, strings.length);
    memory.setU32(
      bytes,
      strings.reduce((sum, text) => sum + text.length, 0),
    );
    return errno.success;
  }

  function putStrings(strings: readonly Uint8Array[], pointers: number, buffer: number): number {
    const pointersAt = memory.check(pointers, 4 * strings.length);
    let at = buffer >>> 0;
    for (const [index, text] of strings.entries()) {
      memory.span(at, text.length).set(text);
      memory.setU32(pointersAt + 4 * index, at);
      at += text.length;
    }
    return errno.success;
  }

  return {
    args_get: (pointers: number, buffer: number) => putStrings(guest.args, pointers, buffer),
    args_sizes_get: (count: number, bytes: number) => putSizes(guest.args, count, bytes),
    environ_get: (pointers: number, buffer: number) => putStrings(guest.environ, pointers, buffer),
    environ_sizes_get: (count: number, bytes: number) => putSizes(guest.environ, count, bytes),

    clock_res_get(id: number, result: number): number {
      const resolution = resolutions[id];
      if (resolution === undefined) return errno.inval;
      memory.setU64(result, resolution);
      return errno.success;
    },

    clock_time_get(id: number, _precision: bigint, result: number): number {
      switch (id) {
        case clockid.realtime:
          memory.setU64(result, clocks.realtime());
          return errno.success;
        case clockid.monotonic:
          memory.setU64(result, clocks.monotonic());
          return errno.success;
        case clockid.processCputime:
          memory.setU64(result, clocks.processTime());
          return errno.success;
        case clockid.threadCputime:
          memory.setU64(result, clocks.threadTime());
          return errno.success;
        default:
          return errno.inval;
      }
    },

    random_get(buffer: number, length: number): number {
      const into = memory.span(buffer, length);
      if (into.length > guest.caps.maxRandomBytes) return errno.inval;
      guest.fillRandom(into);
      return errno.success;
    },

    /** A guest has its thread for itself. */
    sched_yield: () => errno.success,
    /** There are no signals. */
    proc_raise: (_signal: number) => errno.nosys,
  };
}

/** Nanoseconds, by `clockid`. */
const resolutions: readonly bigint[] = [1_000n, 1n, 1_000n, 1_000n];
