import { isUtf8 } from 'node:buffer';
import { type Dirent, fstatSync, lstatSync, opendirSync } from 'node:fs';
import type { FileKind } from './file-stat.ts';
import { inDirectory, ofDescriptor } from './proc-path.ts';
import { codeOf, SystemError } from './system-error.ts';

export interface ListedName {
  readonly name: string;
  readonly kind: FileKind;
}

/** Names of one directory; a directory with more fails with EOVERFLOW. */
export const maxNames = 65_536;

/** Directory entries that the kernel is asked for at a time. */
const bufferSize = 256;

/**
 * The names in an open directory as they are now, `.` and `..` first. Names that are not UTF-8 cannot be spoken
 * of in WASI and are left out.
 */
export function listNames(directory: number): readonly ListedName[] {
  const names: ListedName[] = [
    { name: '.', kind: 'directory' },
    { name: '..', kind: 'directory' },
  ];
  // Node's types know no Dirent with a name of bytes here.
  const options = { bufferSize, encoding: 'buffer' as BufferEncoding };
  using entries = opendirSync(ofDescriptor(directory), options);
  for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
    const bytes: unknown = entry.name;
    if (!Buffer.isBuffer(bytes) || !isUtf8(bytes)) continue;
    if (names.length === maxNames) throw new SystemError('EOVERFLOW');
    names.push({ name: bytes.toString('utf8'), kind: kindOfEntry(entry) });
  }
  return names;
}

/** The inode of a listed name, or `undefined` when it is gone. That of `..` is not told: it may lie outside. */
export function inodeOf(directory: number, name: string): bigint | undefined {
  if (name === '..') return 0n;
  if (name === '.') return fstatSync(directory, { bigint: true }).ino;
  try {
    return lstatSync(inDirectory(directory, name), { bigint: true }).ino;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
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
