import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RuntimeError } from '../../../src/errors.ts';
import { listNames } from '../../../src/system/listing.ts';
import { openMount } from '../../../src/system/mount.ts';
import { leave, walk } from '../../../src/system/path-walk.ts';

const hasMkfifo = spawnSync('mkfifo', ['--version']).error === undefined;

// `base/root` is what mounts may not lead out of; `base/outside` is what somebody tries to get mounted.
let base: string;

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'mount-')));
  mkdirSync(join(base, 'root/volume/sub/deep'), { recursive: true });
  mkdirSync(join(base, 'root-evil/volume'), { recursive: true });
  mkdirSync(join(base, 'outside/sub'), { recursive: true });
  writeFileSync(join(base, 'root/volume/sub/deep/found'), '');
  writeFileSync(join(base, 'root/volume/file'), '');
  symlinkSync('../../outside', join(base, 'root/volume/up'));
  symlinkSync(join(base, 'outside'), join(base, 'root/volume/absolute'));
  symlinkSync('sub', join(base, 'root/volume/inside'));
  symlinkSync('/proc/self/root', join(base, 'root/volume/magic'));
  symlinkSync(join(base, 'root'), join(base, 'alias'));
});

afterEach(() => {
  rmSync(base, { recursive: true });
});

const open = (hostPath: string, root?: string) =>
  openMount({
    hostPath,
    root,
    guestPath: '/data',
    readOnly: true,
    platform: process.platform,
  });

function namesIn(hostPath: string, root?: string): readonly string[] {
  const { descriptor, volume } = open(hostPath, root);
  try {
    return listNames({ descriptor, volume, point: undefined }, { maxNames: 1_000, maxBytes: 100_000 }).map(
      ({ name }) => name,
    );
  } finally {
    closeSync(descriptor);
  }
}

function refusal(hostPath: string, root?: string): RuntimeError {
  try {
    closeSync(open(hostPath, root).descriptor);
  } catch (error) {
    if (error instanceof RuntimeError) return error;
    throw error;
  }
  throw new Error(`${hostPath} was mounted`);
}

/** The name at which a walk below the volume ends that expands no links. */
function walked(path: string): string {
  const start = openSync(join(base, 'root/volume'), 'r');
  try {
    const place = { descriptor: start, volume: { readOnly: false }, point: undefined };
    const spot = walk(place, path, 'none');
    leave(spot);
    return spot.name;
  } finally {
    closeSync(start);
  }
}

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

describe.runIf(process.platform === 'linux')('a mount with a root', () => {
  test.each([
    ['root/volume/sub/deep', 'root'],
    ['root/volume/sub/deep', 'root/volume'],
    ['root/volume/sub/deep', 'root/volume/sub/deep'],
    ['root//volume/./sub/deep/', 'root/'],
    ['alias/volume/sub/deep', 'alias'],
  ])('is %s below %s', (path, root) => {
    expect(namesIn(`${base}/${path}`, `${base}/${root}`)).toEqual(['.', '..', 'found']);
  });

  test('may have the top of the file system as one', () => {
    expect(namesIn(join(base, 'root/volume/sub/deep'), '/')).toEqual(['.', '..', 'found']);
  });

  test.each([
    ['at its end', 'root/volume/up'],
    ['at its end, with a slash behind it', 'root/volume/up/'],
    ['in the middle', 'root/volume/up/sub'],
    ['to an absolute path', 'root/volume/absolute/sub'],
    ['that leads nowhere else', 'root/volume/inside/deep'],
    ['of the kernel', 'root/volume/magic/etc'],
  ])('is refused for a link %s', (_where, path) => {
    const before = openDescriptors();
    const { code, message } = refusal(`${base}/${path}`, `${base}/root`);
    expect(code).toBe('INVALID_MOUNT');
    expect(message).toBe(
      `cannot mount ${base}/${path} at /data: a symbolic link is in the place of a directory`,
    );
    expect(openDescriptors()).toBe(before);
  });

  test.each([
    ['beside it', 'outside', 'root'],
    ['whose name begins like it', 'root-evil/volume', 'root'],
    ['above it', 'root', 'root/volume'],
    ["with a '..' that leads out", 'root/volume/../../outside', 'root'],
    ["with a '..' that stays in", 'root/volume/../volume', 'root'],
    ["with a '..' in its root", 'root/../outside', 'root/..'],
  ])('is refused %s', (_what, path, root) => {
    expect(refusal(`${base}/${path}`, `${base}/${root}`)).toMatchObject({
      code: 'INVALID_MOUNT',
      message: `cannot mount ${base}/${path} at /data: it leads out of its root, or has a '..'`,
    });
  });

  test.each([
    ['root/volume/none', 'there is no such file or directory'],
    ['root/volume/none/sub', 'there is no such file or directory'],
    ['root/volume/file/sub', 'a file is in the place of a directory'],
  ])('is refused where nothing can be mounted: %s', (path, reason) => {
    expect(refusal(`${base}/${path}`, `${base}/root`).message).toContain(reason);
  });

  test.runIf(hasMkfifo)('is refused for a pipe, which nothing waits for (needs mkfifo)', () => {
    const pipe = join(base, 'root/volume/fifo');
    execFileSync('mkfifo', [pipe]);
    const { message } = refusal(pipe, join(base, 'root'));
    expect(message).toContain('it is neither a directory nor a regular file');
  });

  test('needs an absolute one', () => {
    expect(refusal(join(base, 'root'), 'root').message).toContain('its root root has to be absolute');
  });

  test('goes through directories that cannot be listed', () => {
    chmodSync(join(base, 'root/volume'), 0o311);
    expect(namesIn(join(base, 'root/volume/sub/deep'), base)).toContain('found');
    chmodSync(join(base, 'root/volume'), 0o755);
  });

  test('never is what a link leads to that takes the place of a directory meanwhile', async () => {
    const volume = join(base, 'root/volume');
    mkdirSync(join(base, 'outside/sub/deep'));
    writeFileSync(join(base, 'outside/sub/deep/secret'), '');
    symlinkSync('../../outside/sub', join(volume, 'link'));
    const swapping = new Worker(swapForEver, { eval: true, workerData: volume });
    const outcomes = new Set<string | undefined>();
    try {
      await once(swapping, 'message');
      for (let tries = 0; tries < 5_000; tries += 1) {
        try {
          outcomes.add(namesIn(join(volume, 'sub/deep'), join(base, 'root')).at(-1));
        } catch (error) {
          outcomes.add((error as RuntimeError).code);
        }
      }
    } finally {
      await swapping.terminate();
    }
    expect(outcomes).toEqual(new Set(['found', 'INVALID_MOUNT']));
  });
});

/** In a worker: the directory `sub` and the link `link` take turns at the name `sub`. */
const swapForEver = `
  const { parentPort, workerData: volume } = require('node:worker_threads');
  const { renameSync } = require('node:fs');
  const [sub, kept, link] = ['sub', 'kept', 'link'].map((name) => volume + '/' + name);
  parentPort.postMessage('begun');
  for (;;) {
    renameSync(sub, kept); renameSync(link, sub);
    renameSync(sub, link); renameSync(kept, sub);
  }`;

test.runIf(process.platform === 'linux')('a mount without a root goes where its links lead', () => {
  expect(namesIn(join(base, 'root/volume/inside/deep'))).toEqual(['.', '..', 'found']);
  expect(namesIn(join(base, 'root/volume/up/sub'))).toEqual(['.', '..']);
});

describe.runIf(process.platform === 'linux')('a walk that expands no links', () => {
  test('leaves the last name alone, whatever follows it', () => {
    expect(['sub/deep', 'inside', 'up/', 'up/.'].map(walked)).toEqual(['deep', 'inside', 'up', 'up']);
  });

  test('ends at a link before it', () => {
    for (const path of ['inside/deep', 'sub/../inside/deep', 'up/sub']) {
      expect(() => walked(path)).toThrow(expect.objectContaining({ code: 'ELOOP' }));
    }
  });

  test('does not leave where it starts', () => {
    for (const path of ['..', 'sub/../..', '/etc']) {
      expect(() => walked(path)).toThrow(expect.objectContaining({ code: 'EPERM' }));
    }
  });
});
