import type { Clocks } from '../system/clocks.ts';
import type { NewTimes } from '../system/file-stat.ts';
import { errno, refuse } from './errno.ts';
import { fstflag } from './flags.ts';

/** What `fd_filestat_set_times` and `path_filestat_set_times` ask for. Refuses contradictions with EINVAL. */
export function newTimes(accessed: bigint, modified: bigint, flags: number, clocks: Clocks): NewTimes {
  const both = (one: number, other: number) => (flags & one) !== 0 && (flags & other) !== 0;
  if ((flags & ~fstflag.all) !== 0) refuse(errno.inval);
  if (both(fstflag.atim, fstflag.atimNow) || both(fstflag.mtim, fstflag.mtimNow)) refuse(errno.inval);
  const now = clocks.realtime();
  const accessedNs =
    (flags & fstflag.atim) !== 0
      ? BigInt.asUintN(64, accessed)
      : (flags & fstflag.atimNow) !== 0
        ? now
        : undefined;
  const modifiedNs =
    (flags & fstflag.mtim) !== 0
      ? BigInt.asUintN(64, modified)
      : (flags & fstflag.mtimNow) !== 0
        ? now
        : undefined;
  return {
    ...(accessedNs === undefined ? {} : { accessedNs }),
    ...(modifiedNs === undefined ? {} : { modifiedNs }),
  };
}
