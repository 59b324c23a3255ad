import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
import { pictureOf } from '../../fixtures/picture.ts';

// Everything a guest can try to reach what lies outside of its mount. `base/root` is the mount; nothing beside it may
// be read, changed, or be told from what does not exist. Without mounts (other platforms) there is nothing to try.
const root = 3;
let base: string;
let guest: CalledHost;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'preview1-escape-'));
  const inRoot = (path: string) => join(base, 'root', path);
  mkdirSync(inRoot('dir/deep'), { recursive: true });
  writeFileSync(inRoot('dir/file'), 'inside');
  mkdirSync(join(base, 'outside/sub'), { recursive: true });
  mkdirSync(join(base, 'root-evil'));
  for (const name of ['outside/secret', 'outside/victim', 'root-evil/secret', 'outside/sub/file']) {
    writeFileSync(join(base, name), 'SECRET');
  }
  symlinkSync('../outside/secret', join(base, 'outside/sub/link'));
  symlinkSync('dir/file', inRoot('good'));
  symlinkSync('dir/../dir', inRoot('good-dir'));
  symlinkSync('..', inRoot('dots'));
  symlinkSync('../outside', inRoot('up'));
  symlinkSync(join(base, 'outside'), inRoot('absolute'));
  symlinkSync('../outside/secret', inRoot('up-file'));
  symlinkSync('../outside/new', inRoot('dangling'));
  symlinkSync('chain-2', inRoot('chain-1'));
  symlinkSync('dir/../up', inRoot('chain-2'));
  symlinkSync('/proc/self/root', inRoot('proc-root'));
  symlinkSync('/proc/self/fd', inRoot('proc-fd'));
  symlinkSync('../../../outside', inRoot('dir/deep/link'));
  guest = callHost({ mounts: [{ hostPath: join(base, 'root'), guestPath: '/' }] });
});

afterEach(() => {
  guest.host.close();
  rmSync(base, { recursive: true });
});

/** Ways to `outside` (or one like it), as directories. */
const ways = [
  '../outside',
  'dir/../../outside',
  'dir//..//.././outside',
  './dir/deep/../../../outside',
  'dots/outside',
  'up',
  'up/',
  'up/.',
  'up/sub/..',
  'absolute',
  'chain-1',
  'chain-2',
  'good-dir/../up',
  'dir/deep/link',
  'proc-root',
  'proc-fd',
  '../root-evil',
  '/',
  '/etc',
];

describe.runIf(process.platform === 'linux')('a guest cannot leave its mount', () => {
  test('but reaches what is in it (the attempts below mean something)', () => {
    expect(guest.readText(root, 'good')).toBe('inside');
    expect(guest.readText(root, 'good-dir/file')).toBe('inside');
    expect(guest.readText(root, 'dir/deep/../../dir/file')).toBe('inside');
    expect(guest.open(root, 'made', { oflags: oflags.creat, rights: rights.write })).toBeGreaterThan(root);
  });

  test.each(ways)('by %s', (way) => {
    const before = pictureOf(join(base, 'outside'));
    expect(attempts(way)).toEqual([]);
    expect(pictureOf(join(base, 'outside'))).toEqual(before);
  });

  test.each(['up-file', '../outside/secret', 'dots/outside/secret', 'dangling'])('to the file %s', (path) => {
    const before = pictureOf(join(base, 'outside'));
    const open = (flags: number, wanted: bigint) =>
      guest.open(root, path, { follow: true, oflags: flags, rights: wanted });
    expect(open(0, rights.read)).toBe(-errno.perm);
    expect(open(oflags.creat, rights.write)).toBe(-errno.perm);
    expect(open(oflags.trunc, rights.write)).toBe(-errno.perm);
    expect(guest.call('path_filestat_get', root, 1, path, resultAt)).toBe(errno.perm);
    expect(guest.call('path_filestat_set_times', root, 1, path, 1n, 1n, 5)).toBe(errno.perm);
    expect(pictureOf(join(base, 'outside'))).toEqual(before);
  });

  test('by the times of a link, which are its own', () => {
    const before = pictureOf(join(base, 'outside'));
    expect(guest.call('path_filestat_set_times', root, 0, 'up-file', 1n, 1n, 5)).toBe(errno.success);
    expect(pictureOf(join(base, 'outside'))).toEqual(before);
  });

  test('and is told EPERM for absolute links and paths', () => {
    expect(guest.readText(root, 'absolute/secret')).toBe(-errno.perm);
    expect(guest.readText(root, 'proc-root/etc/passwd')).toBe(-errno.perm);
    expect(guest.readText(root, '/dir/file')).toBe(-errno.perm);
  });

  test('and learns nothing about names outside', () => {
    for (const way of ways) {
      const present = guest.open(root, `${way}/secret`, { follow: true });
      const absent = guest.open(root, `${way}/missing`, { follow: true });
      expect([way, present]).toEqual([way, absent]);
      expect(present).toBeLessThan(0);
    }
  });

  test('by links of its own making', () => {
    expect(guest.call('path_symlink', '..', root, 'mine')).toBe(errno.success);
    expect(guest.readText(root, 'mine/outside/secret')).toBe(-errno.perm);
    expect(guest.call('path_symlink', '/etc', root, 'etc')).toBe(errno.perm);
  });

  test('by a harmless link that it moves up afterwards', () => {
    expect(guest.call('path_symlink', '../../outside', root, 'dir/deep/late')).toBe(errno.success);
    expect(guest.call('path_rename', root, 'dir/deep/late', root, 'dir/late')).toBe(errno.success);
    expect(guest.readText(root, 'dir/late/secret')).toBe(-errno.perm);
    expect(guest.call('path_rename', root, 'dir/deep', root, 'deep')).toBe(errno.success);
    expect(guest.readText(root, 'deep/link/secret')).toBe(-errno.perm);
  });

  test('by a directory that is moved away and replaced while it is open', () => {
    const directory = guest.open(root, 'dir', { oflags: oflags.directory, rights: rights.ofDirectory });
    renameSync(join(base, 'root/dir'), join(base, 'moved'));
    symlinkSync('../outside', join(base, 'root/dir'));
    const before = pictureOf(join(base, 'outside'));
    expect(guest.readText(directory, 'file')).toBe('inside');
    expect(guest.readText(directory, 'secret')).toBe(-errno.noent);
    expect(guest.readText(directory, '../outside/secret')).toBe(-errno.perm);
    expect(guest.readText(directory, 'deep/../../outside/secret')).toBe(-errno.perm);
    expect(guest.call('path_create_directory', directory, 'new')).toBe(errno.success);
    expect(guest.call('path_unlink_file', directory, 'victim')).toBe(errno.noent);
    expect(pictureOf(join(base, 'outside'))).toEqual(before);
  });

  test('by a directory that is open below one that is moved out', () => {
    const deep = guest.open(root, 'dir/deep', { oflags: oflags.directory, rights: rights.ofDirectory });
    renameSync(join(base, 'root/dir/deep'), join(base, 'outside/sub/deep'));
    expect(guest.open(deep, '..', { oflags: oflags.directory })).toBe(-errno.perm);
    expect(guest.readText(deep, '../file')).toBe(-errno.perm);
    expect(guest.readText(deep, 'link/secret')).toBe(-errno.perm);
  });

  test('by numbers that are no directory of its own', () => {
    expect(guest.open(0, 'etc/passwd')).toBe(-errno.notdir);
    expect(guest.open(-1, 'etc/passwd')).toBe(-errno.badf);
    expect(guest.open(20, 'etc/passwd')).toBe(-errno.badf);
  });

  test('through a directory it may search but not list', () => {
    chmodSync(join(base, 'root/dir'), 0o311);
    expect(guest.readText(root, 'dir/deep/../../../outside/secret')).toBe(-errno.perm);
    expect(guest.readText(root, 'dir/file')).toBe('inside');
    chmodSync(join(base, 'root/dir'), 0o755);
  });
});

/** Everything that can be done to names below a directory; answers what was not refused. */
function attempts(way: string): readonly string[] {
  const at = (name: string) => `${way}/${name}`;
  const outcomes: readonly (readonly [string, number])[] = [
    ['list', Math.min(guest.open(root, way, { follow: true, oflags: oflags.directory }), 0)],
    ['read', Math.min(guest.open(root, at('secret'), { follow: true }), 0)],
    ['read nofollow', Math.min(guest.open(root, at('secret')), 0)],
    ['create', Math.min(guest.open(root, at('new'), { oflags: oflags.creat, rights: rights.write }), 0)],
    ['create exclusively', Math.min(guest.open(root, at('new'), { oflags: oflags.creat | oflags.excl }), 0)],
    ['truncate', Math.min(guest.open(root, at('secret'), { oflags: oflags.trunc, rights: rights.write }), 0)],
    ['stat', -guest.call('path_filestat_get', root, 0, at('secret'), resultAt)],
    ['stat followed', -guest.call('path_filestat_get', root, 1, at('secret'), resultAt)],
    ['stat itself', -guest.call('path_filestat_get', root, 1, way, resultAt)],
    ['set times', -guest.call('path_filestat_set_times', root, 1, at('secret'), 1n, 1n, 5)],
    ['set times nofollow', -guest.call('path_filestat_set_times', root, 0, at('secret'), 1n, 1n, 5)],
    ['readlink', -guest.call('path_readlink', root, at('sub/link'), bytesAt, 64, resultAt)],
    ['mkdir', -guest.call('path_create_directory', root, at('new-dir'))],
    ['rmdir', -guest.call('path_remove_directory', root, at('sub'))],
    ['unlink', -guest.call('path_unlink_file', root, at('victim'))],
    ['rename out', -guest.call('path_rename', root, 'dir/file', root, at('planted'))],
    ['rename in', -guest.call('path_rename', root, at('victim'), root, 'stolen')],
    ['link out', -guest.call('path_link', root, 0, 'dir/file', root, at('hard'))],
    ['link in', -guest.call('path_link', root, 0, at('secret'), root, 'stolen')],
    ['symlink', -guest.call('path_symlink', 'dir', root, at('soft'))],
  ];
  return outcomes.filter(([, outcome]) => outcome === 0).map(([attempt]) => attempt);
}
