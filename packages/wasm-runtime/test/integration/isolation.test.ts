import { readdir, readFile, readlink } from 'node:fs/promises';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { guests } from '../fixtures/guests.ts';
import { probe, probeUrl } from '../fixtures/probe.ts';
import { specOf } from '../fixtures/start-guest.ts';

const runtime = createRuntime({ hostModules: [probeUrl] });
afterAll(() => runtime[Symbol.asyncDispose]());
const onLinux = process.platform === 'linux';
const asRoot = onLinux && process.getuid?.() === 0;

interface Seen {
  readonly env: object;
  readonly cwd: string;
  readonly status: string;
  readonly title: string;
  readonly [attempt: string]: unknown;
}

/** What code in the guest's process can see and do. */
describe.runIf(onLinux)('a guest host', () => {
  let seen: Seen;
  beforeAll(async () => {
    process.env['DAEMON_SECRET'] = 'hunter2';
    const { reports } = await probe(runtime, 'look around', { name: 'web', call: 'wait' });
    delete process.env['DAEMON_SECRET'];
    seen = reports[0]?.report as Seen;
  });

  test('has an empty environment', async () => {
    expect(seen.env).toEqual({});
    await using guest = await runtime.start(await specOf(guests.sleep));
    expect(await readFile(`/proc/${guest.pid}/environ`, 'utf8')).toBe('');
  });

  test('has no descriptors of the daemon but the wire', async () => {
    await using guest = await runtime.start(await specOf(guests.sleep));
    const descriptors = `/proc/${guest.pid}/fd`;
    const targets = await Promise.all(
      (await readdir(descriptors)).map(async (fd) => [fd, await readlink(`${descriptors}/${fd}`)] as const),
    );
    // Its event loop's own: epoll, eventfd, pairs of pipes.
    const foreign = targets.filter(([, target]) => !/^(anon_inode:|pipe:)/.test(target));
    expect(Object.fromEntries(foreign.filter(([fd]) => Number(fd) <= 3))).toEqual({
      0: '/dev/null',
      1: '/dev/null',
      2: expect.stringMatching(/^socket:/) as unknown,
      3: expect.stringMatching(/^socket:/) as unknown,
    });
    expect(foreign.filter(([fd, target]) => Number(fd) > 3 && target !== '/dev/null')).toEqual([]);
  });

  test('stands in the root directory, where nothing of the daemon is', () => {
    expect(seen.cwd).toBe('/');
  });

  test('may start no process, no thread, no native code, and no code from text', () => {
    expect(seen).toMatchObject({
      spawn: 'ERR_ACCESS_DENIED',
      worker: 'ERR_ACCESS_DENIED',
      addon: 'ERR_DLOPEN_DISABLED',
      code: 'EvalError',
    });
  });

  test('says whose it is', () => {
    expect(seen.title).toBe('wasmlet guest web');
  });

  test.runIf(asRoot)('runs as a user of its own, in no further group, and cannot get rights back', () => {
    const [, uid] = /^Uid:\s+(\d+)\s+\1\s+\1\s+\1$/m.exec(seen.status) ?? [];
    expect(Number(uid)).toBeGreaterThanOrEqual(2_000_000_000);
    expect(seen.status).toMatch(new RegExp(`^Gid:\\s+${uid}\\s+${uid}\\s+${uid}\\s+${uid}$`, 'm'));
    expect(seen.status).toMatch(/^Groups:\s*$/m);
    expect(seen.status).toMatch(/^CapEff:\s+0+$/m);
    expect(seen.status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(seen['shadow']).toBe('EACCES');
  });

  test('stands below the daemon where processor time or memory are short', async () => {
    await using guest = await runtime.start(await specOf(guests.sleep));
    const stat = await readFile(`/proc/${guest.pid}/stat`, 'utf8');
    expect(Number(stat.slice(stat.lastIndexOf(')')).split(' ')[17])).toBe(10);
    expect(await readFile(`/proc/${guest.pid}/oom_score_adj`, 'utf8')).toBe('900\n');
  });
});

test.runIf(onLinux)(
  'a thread of a guest host may start no process, no native code, and no code from text',
  async () => {
    const { reports } = await probe(runtime, 'look around', { call: 'wait', isolation: 'thread' });
    expect(reports[0]?.report).toMatchObject({
      env: {},
      cwd: '/',
      spawn: 'ERR_ACCESS_DENIED',
      addon: 'ERR_DLOPEN_DISABLED',
      code: 'EvalError',
    });
  },
);
