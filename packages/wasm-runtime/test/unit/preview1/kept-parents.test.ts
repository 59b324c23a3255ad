import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errno } from '../../../src/preview1/errno.ts';
import { type CalledHost, callHost, oflags, rights } from '../../conformance/called-host.ts';

let base: string;
let guest: CalledHost;
const root = 3;
const asDirectory = { oflags: oflags.directory, rights: rights.ofDirectory };
const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'preview1-parents-'));
  mkdirSync(join(base, 'root/a/b/c'), { recursive: true });
  mkdirSync(join(base, 'outside/b/c'), { recursive: true });
  writeFileSync(join(base, 'root/a/b/c/file'), 'first');
  writeFileSync(join(base, 'outside/b/c/file'), 'secret');
  guest = callHost({ mounts: [{ hostPath: join(base, 'root'), guestPath: '/' }] });
});

afterEach(() => {
  guest.host.close();
  rmSync(base, { recursive: true });
});

/** Reads it twice: the second time its directory is one that was kept. */
function readTwice(): void {
  expect(guest.readText(root, 'a/b/c/file')).toBe('first');
  expect(guest.readText(root, 'a/b/c/file')).toBe('first');
}

describe.runIf(process.platform === 'linux')('a directory that paths have led to', () => {
  test('is not walked to again, and others in it are found', () => {
    readTwice();
    writeFileSync(join(base, 'root/a/b/c/other'), 'second');
    expect(guest.readText(root, 'a/b/c/other')).toBe('second');
    expect(guest.readText(root, 'a/b/c/none')).toBe(-errno.noent);
    expect(guest.readText(root, 'a/b/c')).toBe(-errno.isdir);
    expect(guest.readText(root, 'a/b/cfile')).toBe(-errno.noent);
  });

  test('is another one as soon as another is at its path', () => {
    readTwice();
    renameSync(join(base, 'root/a'), join(base, 'root/former'));
    expect(guest.readText(root, 'a/b/c/file')).toBe(-errno.noent);
    mkdirSync(join(base, 'root/a/b/c'), { recursive: true });
    writeFileSync(join(base, 'root/a/b/c/file'), 'another');
    expect(guest.readText(root, 'a/b/c/file')).toBe('another');
  });

  test('is gone when it was removed and made anew', () => {
    readTwice();
    rmSync(join(base, 'root/a/b'), { recursive: true });
    mkdirSync(join(base, 'root/a/b/c'), { recursive: true });
    writeFileSync(join(base, 'root/a/b/c/file'), 'anew');
    expect(guest.readText(root, 'a/b/c/file')).toBe('anew');
  });

  test.each(['../outside', 'outside-link/'])('is not confused with where a link to %s leads', (target) => {
    symlinkSync('../outside', join(base, 'root/outside-link'));
    readTwice();
    renameSync(join(base, 'root/a'), join(base, 'root/former'));
    symlinkSync(target, join(base, 'root/a'));
    expect(guest.readText(root, 'a/b/c/file')).toBe(-errno.perm);
  });

  test('is not to be had when it was moved out', () => {
    readTwice();
    renameSync(join(base, 'root/a/b'), join(base, 'outside/moved'));
    expect(guest.readText(root, 'a/b/c/file')).toBe(-errno.noent);
  });

  test('moves with the whole mount', () => {
    readTwice();
    renameSync(join(base, 'root'), join(base, 'root-moved'));
    expect(guest.readText(root, 'a/b/c/file')).toBe('first');
    mkdirSync(join(base, 'root/a/b/c'), { recursive: true });
    writeFileSync(join(base, 'root/a/b/c/file'), 'of another root');
    readTwice();
  });

  test('may be source and target of one rename, and be renamed itself', () => {
    readTwice();
    expect(guest.call('path_rename', root, 'a/b/c/file', root, 'a/b/c/renamed')).toBe(errno.success);
    expect(guest.call('path_rename', root, 'a/b/c', root, 'a/b/d')).toBe(errno.success);
    expect(guest.readText(root, 'a/b/c/renamed')).toBe(-errno.noent);
    expect(guest.readText(root, 'a/b/d/renamed')).toBe('first');
  });

  test('costs a bounded number of descriptors, all closed with the guest', () => {
    const before = openDescriptors();
    const deep = guest.open(root, 'a/b', asDirectory);
    for (let index = 0; index < 200; index += 1) {
      mkdirSync(join(base, `root/a/b/d${index}`));
      writeFileSync(join(base, `root/a/b/d${index}/file`), String(index));
    }
    for (let index = 0; index < 1_000; index += 1) {
      expect(guest.readText(deep, `d${index % 200}/file`)).toBe(String(index % 200));
      expect(guest.readText(root, `a/b/d${index % 7}/file`)).toBe(String(index % 7));
    }
    expect(openDescriptors() - before).toBeLessThanOrEqual(33);
    expect(guest.call('fd_close', deep)).toBe(errno.success);
    guest.host.close();
    expect(openDescriptors()).toBeLessThanOrEqual(before);
  });

  test('is let go with the descriptor that its paths began at', () => {
    const before = openDescriptors();
    for (let round = 0; round < 100; round += 1) {
      const fd = guest.open(root, 'a', asDirectory);
      expect(guest.readText(fd, 'b/c/file')).toBe('first');
      expect(guest.call('fd_close', fd)).toBe(errno.success);
    }
    expect(openDescriptors()).toBe(before);
  });
});
