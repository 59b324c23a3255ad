import { isUtf8 } from 'node:buffer';
import { type Dirent, fstatSync, lstatSync, opendirSync } from 'node:fs';
import type { FileKind } from './file-stat.ts';
import { bare, type MountPoint, type Place } from './place.ts';
import { inDirectory, ofDescriptor } from './proc-path.ts';
import { SystemError } from './system-error.ts';

export interface ListedName {
  readonly name: string;
  readonly kind: FileKind;
}

/** How much of a directory is listed. */
export interface ListingCaps {
  /** More names fail with EOVERFLOW. */
  readonly maxNames: number;
  /** More bytes of memory, as estimated, fail with ENOMEM. */
  readonly maxBytes: number;
}

/** Memory that a listed name takes beside its characters. */
const bytesPerName = 64;
/** Directory entries that the kernel is asked for at a time. */
const bufferSize = 256;

/**
 * The names in an open directory as they are now, `.` and `..` first, mount points in the place of what they hide or
 * at the end. Names that are not UTF-8 cannot be spoken of in WASI and are left out.
 */
export function listNames({ descriptor, point }: Place, caps: ListingCaps): readonly ListedName[] {
  const points = new Map(point?.points);
  const names: ListedName[] = [
    { name: '.', kind: 'directory' },
    { name: '..', kind: 'directory' },
  ];
  let bytes = 0;
  const put = (listed: ListedName): void => {
    if (names.length >= caps.maxNames) throw new SystemError('EOVERFLOW');
    bytes += bytesPerName + listed.name.length;
    if (bytes > caps.maxBytes) throw new SystemError('ENOMEM');
    names.push(listed);
  };
  if (descriptor !== bare) {
    // Node's types know no Dirent with a name of bytes here.
    const options = { bufferSize, encoding: 'buffer' as BufferEncoding };
    using entries = opendirSync(ofDescriptor(descriptor), options);
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      const raw: unknown = entry.name;
      if (!Buffer.isBuffer(raw) || !isUtf8(raw)) continue;
      const name = raw.toString('utf8');
      const mounted = points.get(name);
      points.delete(name);
      put({ name, kind: mounted === undefined ? kindOfEntry(entry) : kindOfPoint(mounted) });
    }
  }
  for (const [name, mounted] of points) put({ name, kind: kindOfPoint(mounted) });
  return names;
}

/** The inode of a listed name, or `undefined` when it is gone. That of `..` is not told: it may lie outside. */
export function inodeOf({ descriptor, point }: Place, name: string): bigint | undefined {
  if (name === '..') return 0n;
  const below = name === '.' ? point : point?.points.get(name);
  if (below?.mounted !== undefined) return inodeOfDescriptor(below.mounted.descriptor);
  if (name === '.' && descriptor !== bare) return inodeOfDescriptor(descriptor);
  const stats = lstatSync(inDirectory(descriptor, name), exactOrNone);
  // What leads to mounts is a directory, whatever is on the machine.
  if (stats === undefined || (below !== undefined && !stats.isDirectory())) return below?.inode;
  return stats.ino;
}

const exactOrNone = { bigint: true, throwIfNoEntry: false } as const;

function inodeOfDescriptor(descriptor: number): bigint {
  return fstatSync(descriptor, { bigint: true }).ino;
}

function kindOfPoint({ mounted }: MountPoint): FileKind {
  return mounted?.kind ?? 'directory';
}

function kindOfEntry(entry: Dirent): FileKind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  if (entry.isSymbolicLink()) return 'symlink';
  if (entry.isCharacterDevice()) return 'character-device';
  if (entry.isBlockDevice()) return 'block-device';
  if (entry.isSocket()) return 'socket';
  return 'unknown';
}
