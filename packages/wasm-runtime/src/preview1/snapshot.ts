import type { FileStat } from '../system/file-stat.ts';
import type { SeekOrigin } from '../system/open-file.ts';
import { filetype } from './flags.ts';

/** In what the two snapshots of preview1 differ: one order of numbers and the layout of two records. */
export interface Snapshot {
  /** `whence`: what each number means. */
  readonly whence: readonly [SeekOrigin, SeekOrigin, SeekOrigin];
  readonly filestatBytes: number;
  /** `at` has been checked. */
  putFilestat(view: DataView, at: number, stat: FileStat): void;
  readonly subscriptionBytes: number;
  /** Offset of the members `id`, `timeout`, `precision`, `flags` of a clock subscription. */
  readonly clockOffset: number;
}

/** `wasi_snapshot_preview1`. */
export const snapshot1: Snapshot = {
  whence: ['start', 'current', 'end'],
  filestatBytes: 64,
  putFilestat(view, at, stat) {
    putIdentity(view, at, stat);
    view.setBigUint64(at + 24, stat.links, true);
    putSizeAndTimes(view, at + 32, stat);
  },
  subscriptionBytes: 48,
  clockOffset: 16,
};

/** `wasi_unstable`, snapshot 0: link counts of 32 bits, and clock subscriptions that begin with an identifier. */
export const snapshot0: Snapshot = {
  whence: ['current', 'end', 'start'],
  filestatBytes: 56,
  putFilestat(view, at, stat) {
    putIdentity(view, at, stat);
    view.setUint32(at + 20, Number(stat.links), true);
    putSizeAndTimes(view, at + 24, stat);
  },
  subscriptionBytes: 56,
  clockOffset: 24,
};

function putIdentity(view: DataView, at: number, stat: FileStat): void {
  view.setBigUint64(at, stat.device, true);
  view.setBigUint64(at + 8, stat.inode, true);
  view.setBigUint64(at + 16, BigInt(filetype[stat.kind]), true);
}

function putSizeAndTimes(view: DataView, at: number, stat: FileStat): void {
  view.setBigUint64(at, stat.size, true);
  view.setBigUint64(at + 8, stat.accessedNs, true);
  view.setBigUint64(at + 16, stat.modifiedNs, true);
  view.setBigUint64(at + 24, stat.changedNs, true);
}
