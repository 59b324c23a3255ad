import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errno } from '../../../src/preview1/errno.ts';
import type { Preview1Options } from '../../../src/preview1/preview1.ts';
import {
  bytesAt,
  type CalledHost,
  callHost,
  oflags,
  resultAt,
  rights,
} from '../../conformance/called-host.ts';

let base: string;
const guests: CalledHost[] = [];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'preview1-mounts-'));
  for (const name of ['root/data', 'root/plain', 'cache/deep', 'volume']) {
    mkdirSync(join(base, name), { recursive: true });
  }
  writeFileSync(join(base, 'root/top'), 'of the root');
  writeFileSync(join(base, 'root/data/beside'), 'beside the mount');
  writeFileSync(join(base, 'cache/kept'), 'of the cache');
  writeFileSync(join(base, 'volume/file'), 'of the volume');
  writeFileSync(join(base, 'single'), 'one file');
});

afterEach(() => {
  for (const guest of guests.splice(0)) guest.host.close();
  rmSync(base, { recursive: true });
});

/** A guest with `[host path below base, guest path, read-only]`. */
function withMounts(
  ...mounts: readonly (readonly [hostPath: string, guestPath: string, readOnly?: boolean])[]
): CalledHost {
  const options: Pick<Preview1Options, 'mounts'> = {
    mounts: mounts.map(([hostPath, guestPath, readOnly = false]) => ({
      hostPath: join(base, hostPath),
      guestPath,
      readOnly,
    })),
  };
  const guest = callHost(options);
  guests.push(guest);
  return guest;
}

/** Names with their file types and inodes, without `.` and `..`. */
function list(guest: CalledHost, fd: number): Record<string, { type: number; inode: bigint }> {
  expect(guest.call('fd_readdir', fd, bytesAt, 8_192, 0n, resultAt)).toBe(errno.success);
  const found: Record<string, { type: number; inode: bigint }> = {};
  const end = bytesAt + guest.view.getUint32(resultAt, true);
  for (let at = bytesAt; at < end; ) {
    const length = guest.view.getUint32(at + 16, true);
    const name = Buffer.from(guest.memory.buffer, at + 24, length).toString();
    const entry = { type: guest.view.getUint32(at + 20, true), inode: guest.view.getBigUint64(at + 8, true) };
    if (name !== '.' && name !== '..') found[name] = entry;
    at += 24 + length;
  }
  return found;
}

const names = (guest: CalledHost, fd: number): readonly string[] => Object.keys(list(guest, fd)).toSorted();

function stat(guest: CalledHost, fd: number, path: string) {
  const answer = guest.call('path_filestat_get', fd, 1, path, bytesAt);
  if (answer !== errno.success) return -answer;
  return { inode: guest.view.getBigUint64(bytesAt + 8, true), type: guest.view.getUint8(bytesAt + 16) };
}

const asDirectory = { oflags: oflags.directory, rights: rights.ofDirectory };
const directory = 3;
const file = 4;

describe.runIf(process.platform === 'linux')('a mount below another', () => {
  test('is listed and resolved through it, though the machine has no such directory', () => {
    const guest = withMounts(['root', '/'], ['cache', '/data/cache'], ['volume', '/srv/www']);
    expect(names(guest, 3)).toEqual(['data', 'plain', 'srv', 'top']);
    const data = guest.open(3, 'data', asDirectory);
    expect(names(guest, data)).toEqual(['beside', 'cache']);
    expect(guest.readText(3, 'data/cache/kept')).toBe('of the cache');
    expect(guest.readText(data, 'cache/kept')).toBe('of the cache');
    expect(guest.readText(3, 'srv/www/file')).toBe('of the volume');
    const srv = guest.open(3, 'srv', asDirectory);
    expect(names(guest, srv)).toEqual(['www']);
    expect(guest.readText(srv, 'www/file')).toBe('of the volume');
  });

  test('is listed with the type and inode that stat tells', () => {
    const guest = withMounts(['root', '/'], ['cache', '/data/cache'], ['single', '/srv/single']);
    const top = list(guest, 3);
    expect(top['srv']).toEqual(stat(guest, 3, 'srv'));
    expect(top['data']).toEqual(stat(guest, 3, 'data'));
    const data = list(guest, guest.open(3, 'data', asDirectory));
    expect(data['cache']).toEqual(stat(guest, 3, 'data/cache'));
    const srv = list(guest, guest.open(3, 'srv', asDirectory));
    expect(srv['single']).toEqual({ ...(stat(guest, 3, 'srv/single') as object), type: file });
  });

  test('hides what is there on the machine, be it a link that leads elsewhere', () => {
    symlinkSync('../plain', join(base, 'root/data/cache'));
    symlinkSync('plain', join(base, 'root/srv'));
    const guest = withMounts(['root', '/'], ['cache', '/data/cache'], ['volume', '/srv/www']);
    expect(guest.readText(3, 'data/cache/kept')).toBe('of the cache');
    expect(guest.readText(3, 'srv/www/file')).toBe('of the volume');
    expect(list(guest, 3)['srv']?.type).toBe(directory);
  });

  test('is left by .. into the directory that it lies in, and not beyond where a path begins', () => {
    const guest = withMounts(['root', '/'], ['cache', '/data/cache']);
    symlinkSync('../beside', join(base, 'cache/up'));
    symlinkSync('../../../top', join(base, 'cache/out'));
    expect(guest.readText(3, 'data/cache/../beside')).toBe('beside the mount');
    expect(guest.readText(3, 'data/cache/deep/../../../top')).toBe('of the root');
    expect(guest.readText(3, 'data/cache/up')).toBe('beside the mount');
    expect(guest.readText(3, 'data/cache/out')).toBe(-errno.perm);
    expect(guest.readText(4, '../beside')).toBe(-errno.perm);
    expect(guest.readText(4, 'up')).toBe(-errno.perm);
    const cache = guest.open(3, 'data/cache', asDirectory);
    expect(guest.readText(cache, '../beside')).toBe(-errno.perm);
  });

  test('is neither removed, renamed nor replaced', () => {
    const guest = withMounts(['root', '/'], ['cache', '/data/cache'], ['single', '/data/single']);
    expect(guest.call('path_remove_directory', 3, 'data/cache')).toBe(errno.busy);
    expect(guest.call('path_remove_directory', 3, 'data')).toBe(errno.busy);
    expect(guest.call('path_unlink_file', 3, 'data/cache')).toBe(errno.isdir);
    expect(guest.call('path_unlink_file', 3, 'data/single')).toBe(errno.busy);
    expect(guest.call('path_rename', 3, 'data', 3, 'moved')).toBe(errno.busy);
    expect(guest.call('path_rename', 3, 'data/beside', 3, 'data/cache')).toBe(errno.xdev);
    expect(guest.call('path_create_directory', 3, 'data/cache')).toBe(errno.exist);
    expect(guest.call('path_symlink', 'x', 3, 'data/cache')).toBe(errno.exist);
  });

  test('is another volume for renames and links', () => {
    const guest = withMounts(['root', '/'], ['cache', '/data/cache']);
    const across = [3, 'data/cache/kept', 3, 'data/kept'] as const;
    expect(guest.call('path_rename', ...across)).toBe(errno.xdev);
    expect(guest.call('path_link', 3, 0, ...across.slice(1))).toBe(errno.xdev);
    expect(guest.call('path_rename', 3, 'top', 4, 'top')).toBe(errno.xdev);
    expect(guest.call('path_rename', 3, 'data/cache/kept', 4, 'moved')).toBe(errno.success);
    expect(guest.readText(4, 'moved')).toBe('of the cache');
  });

  test('keeps its own right to be written, whichever way one comes', () => {
    const guest = withMounts(
      ['root', '/', true],
      ['cache', '/data/cache'],
      ['volume', '/data/cache/fixed', true],
    );
    const create = { oflags: oflags.creat, rights: rights.write };
    expect(guest.open(3, 'new', create)).toBe(-errno.rofs);
    expect(guest.open(3, 'data/cache/new', create)).toBeGreaterThan(0);
    expect(guest.open(3, 'data/cache/fixed/new', create)).toBe(-errno.rofs);
    expect(guest.open(4, 'fixed/new', create)).toBe(-errno.rofs);
    expect(guest.open(4, 'fixed/../newer', create)).toBeGreaterThan(0);
  });

  test('stays when its own descriptor is closed', () => {
    const guest = withMounts(['root', '/'], ['cache', '/data/cache']);
    expect(guest.call('fd_close', 4)).toBe(errno.success);
    expect(guest.readText(3, 'data/cache/kept')).toBe('of the cache');
  });
});

describe.runIf(process.platform === 'linux')('a guest whose mounts leave the top out', () => {
  test('finds them from a top that is made up and cannot be changed', () => {
    const guest = withMounts(['cache', '/data/cache'], ['volume', '/srv']);
    const top = 5;
    expect(guest.call('fd_prestat_dir_name', top, bytesAt, 1)).toBe(errno.success);
    expect(guest.view.getUint8(bytesAt)).toBe('/'.codePointAt(0));
    expect(names(guest, top)).toEqual(['data', 'srv']);
    expect(guest.readText(top, 'data/cache/kept')).toBe('of the cache');
    expect(guest.readText(top, 'data/missing')).toBe(-errno.noent);
    expect(stat(guest, top, 'data')).toMatchObject({ type: directory });
    expect(guest.open(top, 'new', { oflags: oflags.creat, rights: rights.write })).toBe(-errno.rofs);
    expect(guest.call('path_create_directory', top, 'data/new')).toBe(errno.rofs);
    expect(guest.call('fd_filestat_get', top, bytesAt)).toBe(errno.success);
    expect(guest.call('fd_sync', top)).toBe(errno.success);
  });

  test.each(['/', '.'])('but is given no second one beside %s', (guestPath) => {
    const guest = withMounts(['root', guestPath], ['cache', '/cache']);
    expect(guest.call('fd_prestat_get', 5, resultAt)).toBe(errno.badf);
    expect(guest.readText(3, 'cache/kept')).toBe('of the cache');
  });
});

describe.runIf(process.platform === 'linux')('a single file that is mounted', () => {
  test('is read and written as that file, and is the only thing there', () => {
    const guest = withMounts(['root', '/'], ['single', '/etc/single.conf']);
    expect(guest.readText(3, 'etc/single.conf')).toBe('one file');
    const fd = guest.open(3, 'etc/single.conf', { rights: rights.write, oflags: oflags.trunc });
    expect(guest.writeText(fd, 'new')).toBe(errno.success);
    expect(readFileSync(join(base, 'single'), 'utf8')).toBe('new');
    expect(guest.open(3, 'etc/single.conf/x')).toBe(-errno.notdir);
    expect(guest.open(3, 'etc/single.conf/')).toBe(-errno.notdir);
    expect(guest.open(3, 'etc/single.conf', { oflags: oflags.directory })).toBe(-errno.notdir);
    const exclusive = { oflags: oflags.creat | oflags.excl, rights: rights.write };
    expect(guest.open(3, 'etc/single.conf', exclusive)).toBe(-errno.exist);
    expect(guest.call('path_filestat_set_times', 3, 0, 'etc/single.conf', 0n, 1_000_000_000n, 4)).toBe(0);
    expect(stat(guest, 3, 'etc/single.conf')).toMatchObject({ type: file });
  });

  test('can be read-only', () => {
    const guest = withMounts(['single', '/single', true]);
    expect(guest.readText(3, 'single')).toBe('one file');
    expect(guest.open(3, 'single', { rights: rights.write })).toBe(-errno.rofs);
    expect(guest.call('path_filestat_set_times', 3, 0, 'single', 0n, 1n, 4)).toBe(errno.rofs);
  });

  test('stays the same file when another takes its name on the machine', () => {
    const guest = withMounts(['single', '/single']);
    rmSync(join(base, 'single'));
    writeFileSync(join(base, 'single'), 'another');
    expect(guest.readText(3, 'single')).toBe('one file');
  });

  test.each(['/', '.'])('is refused at %s', (guestPath) => {
    expect(() => withMounts(['single', guestPath])).toThrow(
      expect.objectContaining({ code: 'INVALID_MOUNT' }),
    );
  });

  test('can have nothing mounted below it, nor lie over other mounts', () => {
    const invalid = expect.objectContaining({ code: 'INVALID_MOUNT' });
    expect(() => withMounts(['single', '/x'], ['cache', '/x/cache'])).toThrow(invalid);
    expect(() => withMounts(['cache', '/x/cache'], ['single', '/x'])).toThrow(invalid);
    expect(() => withMounts(['cache', '/x/../cache'])).toThrow(invalid);
  });
});
