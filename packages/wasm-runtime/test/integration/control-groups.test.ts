import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { getPriority } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { type Cgroups, findCgroups } from '../../src/isolation/cgroups.ts';
import { confineGuest, nicenessOf } from '../../src/isolation/guest-cgroup.ts';
import { guests } from '../fixtures/guests.ts';
import { scratchDirectory, specIn, specOf } from '../fixtures/start-guest.ts';

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

/** Directories as the kernel shows them, on a file system that takes what is written. */
async function laidOut(memberships: string, files: Readonly<Record<string, string>>) {
  const scratch = await scratchDirectory();
  const mountPoint = join(scratch.path, 'cgroup');
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(mountPoint, file)), { recursive: true });
    await writeFile(join(mountPoint, file), content);
  }
  await writeFile(join(scratch.path, 'memberships'), memberships);
  const found = findCgroups({ mountPoint, memberships: join(scratch.path, 'memberships') });
  const read = (file: string): Promise<string> => readFile(join(mountPoint, file), 'utf8');
  return { found, mountPoint, read, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}

const limits = { cpuShares: 512, cpuQuota: 0.5, memoryBytes: 64 * MiB };

// What the kernel refuses is a directory in the place of the file here.
const occupied = (procs: string) => ({
  'cgroup.controllers': '',
  'app/cgroup.controllers': 'cpu memory',
  'app/cgroup.subtree_control/refused': '',
  'app/cgroup.procs': procs,
});

describe('control groups of version 2', () => {
  const service = {
    'cgroup.controllers': '',
    'system.slice/app.service/cgroup.controllers': 'cpuset cpu io memory pids\n',
    'system.slice/app.service/cgroup.procs': '',
    'system.slice/app.service/cgroup.subtree_control': '',
  };

  test('hold a process to its weight, its quota and its memory', async () => {
    await using groups = await laidOut('0::/system.slice/app.service\n', service);
    const group = groups.found?.confine(4_242, limits);
    await group?.entered;
    const [name = ''] = (await readdir(join(groups.mountPoint, 'system.slice/app.service'))).filter((entry) =>
      entry.startsWith('wasmlet-'),
    );
    const of = (file: string): Promise<string> => groups.read(`system.slice/app.service/${name}/${file}`);
    expect(await of('cpu.weight')).toBe('20');
    expect(await of('cpu.max')).toBe('50000 100000');
    expect(await of('memory.max')).toBe(String(64 * MiB));
    expect(await of('cgroup.procs')).toBe('4242');
    group?.release();
    expect(await of('cpu.max')).toBe('max 100000');
    const events = join(groups.mountPoint, 'system.slice/app.service', name, 'memory.events');
    await writeFile(events, 'low 0\nhigh 0\nmax 7\noom 1\noom_kill 1\n');
    expect(await group?.remove()).toEqual({ outOfMemory: true });
  });

  test('hold it to what the application has been given alone', async () => {
    const some = { ...service, 'system.slice/app.service/cgroup.controllers': 'memory pids\n' };
    await using groups = await laidOut('0::/system.slice/app.service\n', some);
    expect(groups.found?.confine(4_242, { cpuShares: 512, cpuQuota: 1 })).toBeUndefined();
    const group = groups.found?.confine(4_242, limits);
    await group?.entered;
    const entries = await readdir(join(groups.mountPoint, 'system.slice/app.service'));
    const [name = ''] = entries.filter((entry) => entry.startsWith('wasmlet-'));
    expect((await readdir(join(groups.mountPoint, 'system.slice/app.service', name))).toSorted()).toEqual([
      'cgroup.procs',
      'memory.max',
    ]);
    expect(await group?.remove()).toEqual({ outOfMemory: false });
  });

  test('are not made where the application has been given none', async () => {
    const none = { ...service, 'system.slice/app.service/cgroup.controllers': 'pids\n' };
    await using groups = await laidOut('0::/system.slice/app.service\n', none);
    expect(groups.found).toBeUndefined();
  });

  describe('that have processes, and cannot be divided with them,', () => {
    test('are left by an application that is alone in its group', async () => {
      await using groups = await laidOut('0::/app\n', occupied(`${process.pid}\n`));
      expect(await groups.read('app/wasmlet-application/cgroup.procs')).toBe(String(process.pid));
    });

    test('stay as they are where others are in them', async () => {
      await using groups = await laidOut('0::/app\n', occupied(`1\n${process.pid}\n`));
      expect(groups.found).toBeUndefined();
      expect(await readdir(join(groups.mountPoint, 'app'))).not.toContain('wasmlet-application');
    });
  });

  test('are those beside an application that has left its own', async () => {
    const left = { ...service, 'system.slice/app.service/wasmlet-application/cgroup.procs': '' };
    await using groups = await laidOut('0::/system.slice/app.service/wasmlet-application\n', left);
    await groups.found?.confine(4_242, limits)?.entered;
    const entries = await readdir(join(groups.mountPoint, 'system.slice/app.service'));
    expect(entries).toContain(`wasmlet-${process.pid}-1`);
  });
});

describe('control groups of version 1', () => {
  test('hold a process to its shares, its quota and its memory, each where its controller is', async () => {
    const files = { 'cpu/app/cgroup.procs': '', 'memory/cgroup.procs': '' };
    await using groups = await laidOut('3:memory:/\n2:cpu,cpuacct:/app\n0::/\n', files);
    const group = groups.found?.confine(4_242, limits);
    await group?.entered;
    const name = `wasmlet-${process.pid}-1`;
    expect(await groups.read(`cpu/app/${name}/cpu.shares`)).toBe('512');
    expect(await groups.read(`cpu/app/${name}/cpu.cfs_quota_us`)).toBe('50000');
    expect(await groups.read(`memory/${name}/memory.limit_in_bytes`)).toBe(String(64 * MiB));
    expect(await groups.read(`cpu/app/${name}/cgroup.procs`)).toBe('4242');
    expect(await groups.read(`memory/${name}/cgroup.procs`)).toBe('4242');
    group?.release();
    expect(await groups.read(`cpu/app/${name}/cpu.cfs_quota_us`)).toBe('-1');
    await writeFile(join(groups.mountPoint, 'memory', name, 'memory.oom_control'), 'oom_kill 2\n');
    expect(await group?.remove()).toEqual({ outOfMemory: true });
  });
});

/** `undefined` of one that has gone. */
function nicenessOfThread(thread: string): number | undefined {
  try {
    return getPriority(Number(thread));
  } catch {
    return undefined;
  }
}

describe('without control groups', () => {
  test.each(['thread', 'in-process'] as const)(
    'shares of a guest in a thread are its niceness: %s',
    async (isolation) => {
      await using runtime = createRuntime({ allowedIsolation: [isolation] });
      const spec = await specIn(isolation)(guests.sleep, { limits: { cpuShares: 256 } });
      const guest = await runtime.start(spec);
      const threads = await readdir(`/proc/${guest.pid}/task`);
      expect(threads.map(nicenessOfThread)).toContain(16);
      await guest.stop({ graceMs: 0 });
      for (const stream of [guest.stdout, guest.stderr]) stream?.destroy();
    },
  );

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
