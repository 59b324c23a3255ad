import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errno } from '../../../src/preview1/errno.ts';
import {
  bytesAt,
  type CalledHost,
  callHost,
  oflags,
  resultAt,
  rights,
} from '../../conformance/called-host.ts';

const readOnly = 3;
const writable = 4;
let base: string;
let guest: CalledHost;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'preview1-read-only-'));
  mkdirSync(join(base, 'ro/dir/empty'), { recursive: true });
  mkdirSync(join(base, 'rw'));
  writeFileSync(join(base, 'ro/file'), 'fixed');
  writeFileSync(join(base, 'ro/dir/file'), 'fixed');
  symlinkSync('file', join(base, 'ro/link'));
  writeFileSync(join(base, 'rw/file'), 'free');
  guest = callHost({
    mounts: [
      { hostPath: join(base, 'ro'), guestPath: '/ro', readOnly: true },
      { hostPath: join(base, 'rw'), guestPath: '/rw' },
    ],
  });
});

afterEach(() => {
  guest.host.close();
  rmSync(base, { recursive: true });
});

describe.runIf(process.platform === 'linux')('a read-only mount', () => {
  test('can be read, listed and stat-ed', () => {
    expect(guest.readText(readOnly, 'file')).toBe('fixed');
    expect(guest.readText(readOnly, 'link')).toBe('fixed');
    expect(guest.readText(readOnly, 'dir/file')).toBe('fixed');
    expect(guest.call('path_filestat_get', readOnly, 1, 'link', resultAt)).toBe(errno.success);
    expect(guest.call('path_readlink', readOnly, 'link', bytesAt, 16, resultAt)).toBe(errno.success);
    expect(guest.call('fd_readdir', readOnly, bytesAt, 4_096, 0n, resultAt)).toBe(errno.success);
  });

  const changes: readonly (readonly [what: string, attempt: () => number])[] = [
    ['opening for writing', () => open(readOnly, 'file', 0, rights.write)],
    ['opening for reading and writing', () => open(readOnly, 'file', 0, rights.read | rights.write)],
    ['opening for appending', () => open(readOnly, 'file', 0, rights.write, 1)],
    ['opening for writing through a link', () => open(readOnly, 'link', 0, rights.write)],
    ['creating a file', () => open(readOnly, 'new', oflags.creat, rights.read)],
    ['creating what exists', () => open(readOnly, 'file', oflags.creat, rights.read)],
    ['creating exclusively', () => open(readOnly, 'new', oflags.creat | oflags.excl, rights.read)],
    ['truncating', () => open(readOnly, 'file', oflags.trunc, rights.read)],
    ['truncating a file below', () => open(readOnly, 'dir/file', oflags.trunc, 0n)],
    ['opening below a directory of it', () => open(openDirectory(), 'file', 0, rights.write)],
    ['creating below a directory of it', () => open(openDirectory(), 'new', oflags.creat, 0n)],
    ['creating a directory', () => guest.call('path_create_directory', readOnly, 'new')],
    ['removing a directory', () => guest.call('path_remove_directory', readOnly, 'dir/empty')],
    ['unlinking', () => guest.call('path_unlink_file', readOnly, 'file')],
    ['unlinking below a directory of it', () => guest.call('path_unlink_file', openDirectory(), 'file')],
    ['renaming in it', () => guest.call('path_rename', readOnly, 'file', readOnly, 'other')],
    ['renaming out of it', () => guest.call('path_rename', readOnly, 'file', writable, 'moved')],
    ['renaming into it', () => guest.call('path_rename', writable, 'file', readOnly, 'moved')],
    ['linking in it', () => guest.call('path_link', readOnly, 0, 'file', readOnly, 'hard')],
    [
      'linking out of it, to a writable name',
      () => guest.call('path_link', readOnly, 0, 'file', writable, 'hard'),
    ],
    ['linking into it', () => guest.call('path_link', writable, 0, 'file', readOnly, 'hard')],
    ['making a symlink', () => guest.call('path_symlink', 'file', readOnly, 'soft')],
    ['setting times by path', () => guest.call('path_filestat_set_times', readOnly, 1, 'file', 1n, 1n, 5)],
    ['setting times of a link', () => guest.call('path_filestat_set_times', readOnly, 0, 'link', 1n, 1n, 5)],
    ['setting times of an open file', () => guest.call('fd_filestat_set_times', openFile(), 1n, 1n, 5)],
    [
      'setting times of an open directory',
      () => guest.call('fd_filestat_set_times', openDirectory(), 1n, 1n, 5),
    ],
    ['setting times of the mount', () => guest.call('fd_filestat_set_times', readOnly, 1n, 1n, 5)],
    ['setting the size of an open file', () => guest.call('fd_filestat_set_size', openFile(), 1n)],
  ];

  test.each(changes)('refuses %s with EROFS', (_what, attempt) => {
    const before = pictureOf();
    expect(attempt()).toBe(errno.rofs);
    expect(pictureOf()).toEqual(before);
  });

  test('gives no right to write by flags, numbers or rights set later', () => {
    const fd = openFile();
    guest.call('fd_fdstat_set_flags', fd, 1);
    expect(guest.writeText(fd, 'changed')).toBe(errno.notcapable);
    expect(guest.call('fd_fdstat_set_rights', fd, rights.all, rights.all)).toBe(errno.notcapable);
    const other = guest.open(writable, 'file', { rights: rights.read | rights.write });
    expect(guest.call('fd_renumber', fd, other)).toBe(errno.success);
    expect(guest.writeText(other, 'changed')).toBe(errno.notcapable);
    expect(readFileSync(join(base, 'ro/file'), 'utf8')).toBe('fixed');
  });

  test('leaves the mount beside it writable', () => {
    const fd = guest.open(writable, 'file', { rights: rights.write });
    expect(guest.writeText(fd, 'mine')).toBe(errno.success);
    expect(readFileSync(join(base, 'rw/file'), 'utf8')).toBe('mine');
  });
});

/** Its errno. */
function open(directory: number, path: string, flags: number, wanted: bigint, fdflags = 0): number {
  return -guest.open(directory, path, { oflags: flags, rights: wanted, fdflags, follow: true });
}

function openFile(): number {
  return guest.open(readOnly, 'file', { rights: rights.all & ~rights.write });
}

function openDirectory(): number {
  return guest.open(readOnly, 'dir', { oflags: oflags.directory, rights: rights.ofDirectory });
}

function pictureOf(): readonly unknown[] {
  return readdirSync(base, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((name) => {
      const { mode, nlink, mtimeMs, size } = statSync(join(base, name));
      return [name, mode, nlink, mtimeMs, size];
    });
}
