import type { GuestView } from '../component/host-interface.ts';
import type { Clocks } from '../system/clocks.ts';
import type { NewTimes } from '../system/file-stat.ts';
import { refuse } from './error-code.ts';

/** A `new-timestamp`: its case, seconds, and nanoseconds. */
export type NewTimestamp = readonly [which: number, seconds: bigint, nanoseconds: number];

/** Nanoseconds that the kernel can be told. */
const latest = 2n ** 63n - 1n;

/** What `set-times` and `set-times-at` ask for. */
export function newTimes(
  guest: GuestView,
  clocks: Clocks,
  accessed: NewTimestamp,
  modified: NewTimestamp,
): NewTimes {
  const accessedNs = timeOf(guest, clocks, accessed);
  const modifiedNs = timeOf(guest, clocks, modified);
  return {
    ...(accessedNs === undefined ? {} : { accessedNs }),
    ...(modifiedNs === undefined ? {} : { modifiedNs }),
  };
}

function timeOf(guest: GuestView, clocks: Clocks, [which, seconds, rest]: NewTimestamp): bigint | undefined {
  switch (which) {
    case 0:
      return undefined;
    case 1:
      return clocks.realtime();
    case 2: {
      const time = BigInt.asUintN(64, seconds) * 1_000_000_000n + BigInt(rest >>> 0);
      return time > latest ? refuse('overflow') : time;
    }
    default:
      return guest.trap(`${which} is no case of a new-timestamp`);
  }
}
