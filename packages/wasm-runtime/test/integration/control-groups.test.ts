import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { getPriority } from 'node:os';
import { dirname } from 'node:path';
import process from 'node:process';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { type Cgroups, findCgroups } from '../../src/isolation/cgroups.ts';
import { confineGuest, nicenessOf } from '../../src/isolation/guest-cgroup.ts';
import { guests } from '../fixtures/guests.ts';
import { specOf } from '../fixtures/start-guest.ts';

const cgroups = findCgroups();
const MiB = 1024 * 1024;

/** Milliseconds of CPU that a process has used. */
async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The groups that a process is in, as soon as it is in one. */
async function groupsOf(pid: number): Promise<readonly string[]> {
  for (;;) {
    const memberships = await readFile(`/proc/${pid}/cgroup`, 'utf8');
    const own = memberships.split('\n').filter((line) => line.includes('/wasmlet-'));
    if (own.length > 0) return own.map((line) => line.split(':').slice(1).join(':'));
  }
}

// A machine that lets one make none, in CI or elsewhere, has what is tested without them.
const whereTheyCanBeMade = cgroups === undefined && process.env['CI'] === 'true' ? undefined : describe;

whereTheyCanBeMade?.skipIf(cgroups === undefined)('where control groups can be made', () => {
  const runtime = createRuntime();
  afterAll(() => runtime[Symbol.asyncDispose]());

  test('a guest that spins gets its quota and not more, and is killed at once all the same', async () => {
    const guest = await runtime.start(await specOf(guests.loop, { limits: { cpuQuota: 0.1 } }));
    const before = await cpuMs(guest.pid);
    const begin = performance.now();
    // So much takes five periods: it must have been held back in between.
    while ((await cpuMs(guest.pid)) - before < 50) await readFile('/proc/self/stat');
    const took = performance.now() - begin;
    const stopping = performance.now();
    await expect(guest.stop({ graceMs: 0 })).resolves.toMatchObject({ reason: 'stop' });
    expect(took).toBeGreaterThan(200);
    expect(performance.now() - stopping).toBeLessThan(2_000);
  });

  test('a guest has a group of its own, which is gone when it is', async () => {
    const guest = await runtime.start(
      await specOf(guests.sleep, { limits: { cpuShares: 512, memoryBytes: 64 * MiB } }),
    );
    const groups = await groupsOf(guest.pid);
    await guest.stop({ graceMs: 0 });
    expect(groups.length).toBeGreaterThan(0);
    for (const group of groups) {
      const [controllers = '', path = ''] = group.split(':');
      expect(existsSync(`/sys/fs/cgroup/${controllers}${path}`)).toBe(false);
    }
  });

  test('groups of applications that are gone are removed, others are left alone', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const exited = once(child, 'exit');
    const alive = (cgroups as Cgroups).confine(child.pid ?? 0, { cpuShares: 512 });
    const [group = ''] = await groupsOf(child.pid ?? 0);
    child.stdin.end();
    await exited;
    const [controllers = '', path = ''] = group.split(':');
    const directory = dirname(`/sys/fs/cgroup/${controllers}${path}`);
    const forgotten = `${directory}/wasmlet-${2 ** 22 + 1}-1`;
    await mkdir(forgotten);
    findCgroups();
    expect(existsSync(forgotten)).toBe(false);
    expect(existsSync(`/sys/fs/cgroup/${controllers}${path}`)).toBe(true);
    await alive?.remove();
    expect(existsSync(`/sys/fs/cgroup/${controllers}${path}`)).toBe(false);
  });

  test('a process that takes more memory than its group has is killed, and that is told', async () => {
    const script =
      'const kept = []; process.stdin.once("data", () => { for (;;) kept.push(Buffer.alloc(1e7, 1)); })';
    const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'ignore', 'ignore'] });
    const exited = once(child, 'exit');
    await once(child, 'spawn');
    const group = (cgroups as Cgroups).confine(child.pid ?? 0, { memoryBytes: 128 * MiB });
    await group?.entered;
    child.stdin.on('error', () => {});
    child.stdin.write('go');
    expect(await exited).toEqual([null, 'SIGKILL']);
    expect(await group?.remove()).toEqual({ outOfMemory: true });
  });
});

describe('without control groups', () => {
  test('a share of the CPU is a niceness below the application', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const exited = once(child, 'exit');
    await once(child, 'spawn');
    confineGuest(() => undefined, child.pid ?? 0, { cpuShares: 256 });
    expect(getPriority(child.pid)).toBe(16);
    child.stdin.end();
    await exited;
  });

  test.each([
    [1024, 10],
    [512, 13],
    [2048, 7],
    [2, 19],
    [1_000_000, 1],
  ])('%i shares are niceness %i', (shares, niceness) => {
    expect(nicenessOf(shares)).toBe(niceness);
  });
});
