import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
  vectorsAt,
} from '../../conformance/called-host.ts';

let base: string;
let guest: CalledHost | undefined;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'preview1-caps-'));
  mkdirSync(join(base, 'ten'));
  for (let index = 0; index < 10; index += 1) writeFileSync(join(base, 'ten', `${index}`), '');
});

afterEach(() => {
  guest?.host.close();
  rmSync(base, { recursive: true });
});

const mounts = (): Partial<Preview1Options> =>
  process.platform === 'linux' ? { mounts: [{ hostPath: base, guestPath: '/' }] } : {};

function withCaps(caps: Preview1Options['caps'] = {}, extra: Partial<Preview1Options> = {}): CalledHost {
  guest = callHost({ ...extra, caps });
  return guest;
}

function list(host: CalledHost): number {
  const fd = host.open(3, 'ten', { oflags: oflags.directory, rights: rights.ofDirectory });
  return host.call('fd_readdir', fd, bytesAt, 4_096, 0n, resultAt);
}

/** Writes vectors of 100 bytes; answers how many bytes were taken. */
function written(host: CalledHost, vectors: number): number {
  for (let index = 0; index < vectors; index += 1) {
    host.view.setUint32(vectorsAt + 8 * index, bytesAt, true);
    host.view.setUint32(vectorsAt + 8 * index + 4, 100, true);
  }
  expect(host.call('fd_write', 1, vectorsAt, vectors, resultAt)).toBe(errno.success);
  return host.view.getUint32(resultAt, true);
}

describe.runIf(process.platform === 'linux')('directory entries', () => {
  test('are listed up to the cap, . and .. with them', () => {
    expect(list(withCaps({ maxDirectoryEntries: 12 }, mounts()))).toBe(errno.success);
  });

  test('are too many beyond it', () => {
    expect(list(withCaps({ maxDirectoryEntries: 11 }, mounts()))).toBe(errno.overflow);
  });

  test('may not take more memory than a call may', () => {
    expect(list(withCaps({ maxCallBytes: 10 * 65 }, mounts()))).toBe(errno.success);
    guest?.host.close();
    expect(list(withCaps({ maxCallBytes: 10 * 65 - 1 }, mounts()))).toBe(errno.nomem);
  });

  test('of a few large directories are held, not of many', () => {
    const host = withCaps({ maxDirectoryEntries: 12 }, mounts());
    const answers = Array.from({ length: 5 }, () => {
      const fd = host.open(3, 'ten', { oflags: oflags.directory, rights: rights.ofDirectory });
      return host.call('fd_readdir', fd, bytesAt, 40, 0n, resultAt);
    });
    expect(answers).toEqual([...Array.from({ length: 4 }, () => errno.success), errno.nomem]);
  });
});

describe('random bytes', () => {
  test('of one call are limited', () => {
    const host = withCaps({ maxRandomBytes: 100 });
    expect(host.call('random_get', bytesAt, 100)).toBe(errno.success);
    expect(host.call('random_get', bytesAt, 101)).toBe(errno.inval);
  });

  test('are 64 MiB at most by default', () => {
    const host = withCaps();
    host.host.attach(new WebAssembly.Memory({ initial: 1_025 }));
    expect(host.call('random_get', 0, 64 * 1024 * 1024)).toBe(errno.success);
    expect(host.call('random_get', 0, 64 * 1024 * 1024 + 1)).toBe(errno.inval);
  });
});

describe('a write to an output', () => {
  test.each([
    [1, 60],
    [2, 150],
  ])('of %i vectors is cut to what a call may take, %i bytes', (vectors, cap) => {
    const host = withCaps({ maxCallBytes: cap });
    expect(written(host, vectors)).toBe(cap);
    expect(host.stdout().length).toBe(cap);
  });

  test('is whole below that', () => {
    expect(written(withCaps({ maxCallBytes: 200 }), 2)).toBe(200);
  });
});

test.runIf(process.platform === 'linux')('descriptors are limited', () => {
  const host = withCaps({}, { ...mounts(), maxDescriptors: 6 });
  expect([host.open(3, 'ten/0'), host.open(3, 'ten/1'), host.open(3, 'ten/2')]).toEqual([4, 5, -errno.mfile]);
});
