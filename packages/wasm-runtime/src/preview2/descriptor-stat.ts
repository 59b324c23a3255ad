import type { GuestView } from '../component/host-interface.ts';
import type { FileKind, FileStat } from '../system/file-stat.ts';
import { putDatetime } from './clocks.ts';

const statBytes = 96;
const timestampBytes = 24;

/** `descriptor-type`. */
const kinds = {
  unknown: 0,
  'block-device': 1,
  'character-device': 2,
  directory: 3,
  symlink: 5,
  file: 6,
  socket: 7,
} as const satisfies Record<FileKind, number>;

export function descriptorKind(kind: FileKind): number {
  return kinds[kind];
}

/** The success of a `result<descriptor-stat, error-code>`. */
export function putStat(guest: GuestView, result: number, stat: FileStat): void {
  const start = guest.check(result, 8 + statBytes, 8);
  const view = guest.view();
  view.setUint8(start, 0);
  const at = start + 8;
  view.setUint8(at, kinds[stat.kind]);
  view.setBigUint64(at + 8, stat.links, true);
  view.setBigUint64(at + 16, stat.size, true);
  for (const [index, time] of [stat.accessedNs, stat.modifiedNs, stat.changedNs].entries()) {
    const timestamp = at + 24 + index * timestampBytes;
    // Times before 1970 cannot be told.
    view.setUint8(timestamp, time < 0n ? 0 : 1);
    if (time >= 0n) putDatetime(guest, timestamp + 8, time);
  }
}

/** The success of a `result<metadata-hash-value, error-code>`. */
export function putMetadataHash(guest: GuestView, result: number, { device, inode }: FileStat): void {
  const at = guest.check(result, 24, 8);
  const lower = mixed(mixed(device) ^ inode);
  guest.view().setUint8(at, 0);
  guest.view().setBigUint64(at + 8, lower, true);
  guest.view().setBigUint64(at + 16, mixed(lower ^ device), true);
}

/** A one-to-one function of 64 bits that spreads them (splitmix64's). */
function mixed(value: bigint): bigint {
  let z = BigInt.asUintN(64, value + 0x9e37_79b9_7f4a_7c15n);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn);
  return z ^ (z >> 31n);
}
