import { readFile } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { guests } from '../fixtures/guests.ts';
import { finish, isolations, scratchDirectory, specIn } from '../fixtures/start-guest.ts';

/** Opens a file that is not there, says so, and exits with 3. */
const opener = `
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 2) (table (export "table") 3 funcref) (global (export "answer") i32 (i32.const 42))
  (data (i32.const 64) "missing.txt")
  (func (export "_start")
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 11) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 2000)))
    (call $exit (i32.const 3)))`;

/** Counts for about a tenth of a second. */
const busy = `(memory (export "memory") 1)
  (func $spin (param $left i32) (result i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (local.get $left)))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.get $sum))
  (func (export "_start") (drop (call $spin (i32.const 300000000))))`;

/** Yields so often, and exits. */
const caller = (times: number): string => `
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (local $left i32)
    (local.set $left (i32.const ${times}))
    (loop $again
      (drop (call $yield))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (call $exit (i32.const 0)))`;

describe.each(isolations)('isolation %s:', (isolation) => {
  const specOf = specIn(isolation);
  const runtime = createRuntime({ allowedIsolation: [isolation] });
  afterAll(() => runtime[Symbol.asyncDispose]());

  test('a trace has a line for each call, with paths, errors and the exit', async () => {
    await using directory = await scratchDirectory();
    const spec = await specOf(opener, {
      mounts: [{ hostPath: directory.path, guestPath: '/' }],
      diagnostics: { trace: true },
    });
    const { exit, stderr } = await finish(await runtime.start(spec));
    expect(exit).toMatchObject({ kind: 'exited', code: 3 });
    const [open, end, ...rest] = stderr.trimEnd().split('\n');
    expect(open).toMatch(/^path_open\(3, 0, "missing\.txt", 0, 2, 0, 0, 0x7d0\) <\d+ µs> = noent$/);
    expect([end, rest]).toEqual(['proc_exit(3)', []]);
  });

  test('a trace goes into the log of a guest that writes one', async () => {
    await using directory = await scratchDirectory();
    const output = { kind: 'cri-log', path: `${directory.path}/0.log` } as const;
    const guest = await runtime.start(await specOf(guests.hello, { output, diagnostics: { trace: true } }));
    await expect(guest.exited).resolves.toMatchObject({ kind: 'exited', code: 0 });
    const lines = (await readFile(output.path, 'utf8')).trimEnd().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/ stdout F Hello, World!$/),
      expect.stringMatching(/ stderr F fd_write\(1, 0, 1, 8\) <\d+ µs> = success$/),
    ]);
  });

  test('a traced guest that catches everything does not survive its exit', async () => {
    const guest = await runtime.start(await specOf(guests.survivor, { diagnostics: { trace: true } }));
    const { exit, stdout } = await finish(guest);
    expect({ exit, stdout }).toMatchObject({ exit: { kind: 'exited', code: 7 }, stdout: '' });
  });

  test('a profile names the function that takes the time', async () => {
    const guest = await runtime.start(await specOf(busy, { diagnostics: { profile: true } }));
    await finish(guest);
    const profile = JSON.parse((await guest.profile) ?? '') as {
      nodes: { id: number; callFrame: { functionName: string } }[];
      samples: number[];
    };
    const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame.functionName]));
    const spinning = profile.samples.filter((id) => names.get(id) === 'spin');
    expect(spinning.length).toBeGreaterThan(profile.samples.length / 2);
  });

  test('a report tells what is left of a guest', async () => {
    await using directory = await scratchDirectory();
    const spec = await specOf(opener, {
      mounts: [{ hostPath: directory.path, guestPath: '/' }],
      diagnostics: { report: true },
    });
    const guest = await runtime.start(spec);
    const { stderr } = await finish(guest);
    expect(stderr).toBe('');
    expect(JSON.parse((await guest.report) ?? '')).toEqual({
      version: 1,
      name: 'guest',
      end: { kind: 'exited', code: 3 },
      memories: { memory: { bytes: 131_072 } },
      tables: { table: { elements: 3 } },
      globals: { answer: '42' },
      hostCalls: { path_open: 1, proc_exit: 1 },
    });
  });

  test('the CPU that a guest takes is told while it spins, and nothing when it is gone', async () => {
    const spinning = await runtime.start(await specOf(guests.loop));
    const sleeping = await runtime.start(await specOf(guests.sleep));
    const before = await sleeping.stats();
    const taken = async (): Promise<number> => (await spinning.stats())?.cpuSeconds ?? 0;
    const start = await taken();
    while ((await taken()) < start + 0.2);
    expect((await sleeping.stats())?.cpuSeconds).toBeLessThan((before?.cpuSeconds ?? 0) + 0.1);
    const ofItsOwn = isolation === 'process' ? (before?.memoryBytes ?? 0) : Infinity;
    expect(ofItsOwn).toBeGreaterThan(1024 * 1024);
    await Promise.all([spinning, sleeping].map((guest) => guest.stop({ graceMs: 0 })));
    expect(await spinning.stats()).toBeUndefined();
    for (const { stdout, stderr } of [spinning, sleeping]) {
      stdout?.destroy();
      stderr?.destroy();
    }
  });

  test('calls of the host are counted: now and then while it runs, and at its end', async () => {
    const guest = await runtime.start(await specOf(caller(5_000)));
    const { exit } = await finish(guest);
    expect(exit).toMatchObject({ kind: 'exited', code: 0, hostCalls: 5_001 });
    const endless = await runtime.start(await specOf(caller(2 ** 31)));
    const told = async (): Promise<number> => (await endless.stats())?.hostCalls ?? 0;
    while ((await told()) < 200_000);
    const sleeping = await runtime.start(await specOf(guests.sleep));
    expect(await sleeping.stats()).toMatchObject({ hostCalls: 0 });
    await sleeping.stop({ graceMs: 0 });
    const last = await told();
    const { hostCalls } = await endless.stop({ graceMs: 0 });
    expect(hostCalls).toBeGreaterThanOrEqual(last);
    for (const { stdout, stderr } of [endless, sleeping]) {
      stdout?.destroy();
      stderr?.destroy();
    }
  });

  test('nothing is told of a guest that was killed, or not asked for', async () => {
    const spec = await specOf(guests.loop, {
      diagnostics: { profile: true, report: true },
      limits: { timeoutMs: 100 },
    });
    const killed = await runtime.start(spec);
    await finish(killed);
    expect([await killed.profile, await killed.report]).toEqual([undefined, undefined]);
    const silent = await runtime.start(await specOf(guests.hello));
    await finish(silent);
    expect([silent.profile, silent.report]).toEqual([undefined, undefined]);
  });
});
