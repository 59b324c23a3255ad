import type { FileStat } from './file-stat.ts';

/** What is mounted as one. Files are neither renamed nor linked from one volume into another, as by Linux (EXDEV). */
export interface Volume {
  /** Inherited by all that is opened in it. */
  readonly readOnly: boolean;
}

/** A directory of a guest's tree, open. */
export interface Place {
  /** {@link bare} where nothing of the machine's is, only the way to mount points. */
  readonly descriptor: number;
  readonly volume: Volume;
  /** Where it is a mount point or mount points are below it. */
  readonly point: MountPoint | undefined;
}

/** A name of the guest's tree where something is mounted, or below which something is. */
export interface MountPoint {
  /** `undefined`: it is on the way to others only. */
  readonly mounted: Mounted | undefined;
  /** Names in it that are mount points, too. They hide what has the same name on the machine. */
  readonly points: ReadonlyMap<string, MountPoint>;
  /** Of the directory that has to be made up where the machine has none. */
  readonly inode: bigint;
}

/** A directory or a single file of the machine's, held open. */
export interface Mounted {
  readonly kind: 'directory' | 'file';
  readonly descriptor: number;
  readonly volume: Volume;
}

/** Instead of a descriptor: a directory that no machine has. Every other name in it than its points is missing. */
export const bare = -1;

/** Of bare directories: nothing can be made in them. */
export const bareVolume: Volume = { readOnly: true };

/** Attributes of a {@link bare} directory. */
export function bareStat({ point }: Place): FileStat {
  const never = { accessedNs: 0n, modifiedNs: 0n, changedNs: 0n };
  return { device: 0n, inode: point?.inode ?? 0n, kind: 'directory', links: 1n, size: 0n, ...never };
}
