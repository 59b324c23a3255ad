import type { BigIntStats } from 'node:fs';

export type FileKind =
  | 'file'
  | 'directory'
  | 'symlink'
  | 'character-device'
  | 'block-device'
  | 'socket'
  | 'unknown';

/** Attributes of a file, without its owner and mode. Times are nanoseconds since 1970. */
export interface FileStat {
  readonly device: bigint;
  readonly inode: bigint;
  readonly kind: FileKind;
  readonly links: bigint;
  readonly size: bigint;
  readonly accessedNs: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

/** Times to set; what is absent stays. */
export interface NewTimes {
  readonly accessedNs?: bigint;
  readonly modifiedNs?: bigint;
}

/**
 * Remembers file times to the nanosecond. Node sets times from seconds as a double, so up to 240 ns get lost on
 * the way to the disk: what was asked for is kept beside what the kernel then stored, and reported while the
 * latter is unchanged.
 */
export interface ExactTimes {
  statOf(stats: BigIntStats): FileStat;
  /** `stored` are the attributes after the times were set. */
  remember(stored: BigIntStats, accessedNs: bigint, modifiedNs: bigint): void;
}

/** Files whose exact times are kept at once; the oldest is forgotten. */
const maxRemembered = 512;

interface Asked {
  readonly stored: { readonly accessedNs: bigint; readonly modifiedNs: bigint };
  readonly accessedNs: bigint;
  readonly modifiedNs: bigint;
}

export function createExactTimes(): ExactTimes {
  const asked = new Map<string, Asked>();

  return {
    statOf(stats) {
      const exact = asked.size === 0 ? undefined : asked.get(keyOf(stats));
      return {
        device: stats.dev,
        inode: stats.ino,
        kind: kindOf(Number(stats.mode)),
        links: stats.nlink,
        size: stats.size,
        accessedNs: exact?.stored.accessedNs === stats.atimeNs ? exact.accessedNs : stats.atimeNs,
        modifiedNs: exact?.stored.modifiedNs === stats.mtimeNs ? exact.modifiedNs : stats.mtimeNs,
        changedNs: stats.ctimeNs,
      };
    },
    remember(stats, accessedNs, modifiedNs) {
      const key = keyOf(stats);
      asked.delete(key);
      if (stats.atimeNs === accessedNs && stats.mtimeNs === modifiedNs) return;
      if (asked.size >= maxRemembered) {
        const [oldest] = asked.keys();
        if (oldest !== undefined) asked.delete(oldest);
      }
      const stored = { accessedNs: stats.atimeNs, modifiedNs: stats.mtimeNs };
      asked.set(key, { stored, accessedNs, modifiedNs });
    },
  };
}

export function kindOf(mode: number): FileKind {
  switch (mode & 0o170000) {
    case 0o100000:
      return 'file';
    case 0o040000:
      return 'directory';
    case 0o120000:
      return 'symlink';
    case 0o020000:
      return 'character-device';
    case 0o060000:
      return 'block-device';
    case 0o140000:
      return 'socket';
    default:
      return 'unknown';
  }
}

/** Seconds as Node wants them. */
export function secondsOf(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e9;
}

function keyOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}
