import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
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

  test('never leads to where a link leads that takes turns with a directory on its way', async () => {
    symlinkSync('../outside', join(base, 'root/link'));
    const swapping = new Worker(swapForEver, { eval: true, workerData: join(base, 'root') });
    const outcomes = new Set<string | number>();
    try {
      await once(swapping, 'message');
      for (let tries = 0; tries < 20_000; tries += 1) outcomes.add(guest.readText(root, 'a/b/c/file'));
    } finally {
      await swapping.terminate();
    }
    expect(outcomes).toContain('first');
    expect(outcomes).not.toContain('secret');
    for (const outcome of outcomes)
      expect(['first', -errno.noent, -errno.perm, -errno.notdir]).toContain(outcome);
  });

  test('changes no answer while directories are made, moved, removed and replaced by links', () => {
    let state = 7;
    const pick = <T>(choices: readonly T[]): T => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return choices[(state >>> 16) % choices.length] as T;
    };
    const top = join(base, 'root');
    const path = (): string => Array.from({ length: pick([1, 2, 3]) }, () => pick(['a', 'b', 'c'])).join('/');
    const changes = [
      () => mkdirSync(join(top, path()), { recursive: true }),
      () => renameSync(join(top, path()), join(top, path())),
      () => rmSync(join(top, path()), { recursive: true }),
      () => symlinkSync(pick(['a', '../b', 'b/c', '.', '..']), join(top, path())),
      () => writeFileSync(join(top, path()), ''),
    ];
    let found = 0;
    for (let step = 0; step < 4_000; step += 1) {
      try {
        pick(changes)();
      } catch {
        // Not every change is possible in every tree.
      }
      const at = path();
      const fresh = callHost({ mounts: [{ hostPath: top, guestPath: '/' }] });
      const expected = stat(fresh, at);
      fresh.host.close();
      if (expected.startsWith('inode')) found += 1;
      expect(`${at}: ${stat(guest, at)}`).toBe(`${at}: ${expected}`);
    }
    expect(found).toBeGreaterThan(500);
  });
});

function stat(host: CalledHost, path: string): string {
  const answer = host.call('path_filestat_get', root, 1, path, 0);
  return answer === errno.success ? `inode ${host.view.getBigUint64(8, true)}` : `errno ${answer}`;
}

/** In a worker: the directory `a` and the link `link` take turns at the name `a`. */
const swapForEver = `
  const { parentPort, workerData: root } = require('node:worker_threads');
  const { renameSync } = require('node:fs');
  const [a, kept, link] = ['a', 'kept', 'link'].map((name) => root + '/' + name);
  parentPort.postMessage('begun');
  for (;;) {
    renameSync(a, kept); renameSync(link, a);
    renameSync(a, link); renameSync(kept, a);
  }`;
