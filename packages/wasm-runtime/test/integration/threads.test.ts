import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime, type Guest, type WasmRuntime } from '../../src/index.ts';
import { guests } from '../fixtures/guests.ts';
import { probeGuest, probeUrl } from '../fixtures/probe.ts';
import { isAlive, scratchDirectory, specIn } from '../fixtures/start-guest.ts';

const runtime = createRuntime({ allowedIsolation: ['thread', 'in-process'] });
afterAll(() => runtime[Symbol.asyncDispose]());
const specOf = specIn('thread');

async function startIn(of: WasmRuntime, group: string | undefined): Promise<Guest> {
  const sandbox = await of.openSandbox({ id: 'pod', ...(group === undefined ? {} : { group }) });
  return sandbox.start(await specOf(guests.sleep));
}

describe('a guest host with threads', () => {
  test('is shared by the sandboxes of one group, and by no other', async () => {
    await using own = createRuntime({ allowedIsolation: ['thread'] });
    const running = await Promise.all(
      ['blue', 'blue', 'green', undefined, undefined].map((group) => startIn(own, group)),
    );
    const [first, second, ...others] = running.map(({ pid }) => pid);
    expect(second).toBe(first);
    expect(new Set([first, ...others]).size).toBe(4);
    expect(others).not.toContain(process.pid);
  });

  test('is shared by guests that are started without a sandbox', async () => {
    const spec = await specOf(guests.exitCode(0));
    const one = await runtime.start(spec);
    const other = await runtime.start(spec);
    expect(one.pid).toBe(other.pid);
    await Promise.all([one.exited, other.exited]);
  });

  test('has no more guests than it may, and the next ones get another', async () => {
    await using own = createRuntime({ allowedIsolation: ['thread'], threads: { idle: 0, perHost: 2 } });
    const spec = await specOf(guests.sleep);
    const running = [await own.start(spec), await own.start(spec), await own.start(spec)];
    const [first, second, third] = running.map(({ pid }) => pid);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  test('is replaced when it has had its guests, and ends with the last of them', async () => {
    await using own = createRuntime({ allowedIsolation: ['thread'], threads: { idle: 1, perLife: 3 } });
    const spec = await specOf(guests.exitCode(0));
    const pids: number[] = [];
    for (let started = 0; started < 7; started += 1) {
      const guest = await own.start(spec);
      pids.push(guest.pid);
      await guest.exited;
    }
    const hosts = [...new Set(pids)];
    expect(pids).toEqual([0, 0, 0, 1, 1, 1, 2].map((index) => hosts[index]));
    await expect.poll(() => Promise.all(hosts.map(isAlive))).toEqual([false, false, true]);
  });

  test('that crashes ends its guests with a defined exit, and the next guest runs', async () => {
    const neighbour = await runtime.start(await specOf(guests.sleep));
    const other = await runtime.start(await specOf(guests.loop));
    expect(other.pid).toBe(neighbour.pid);
    process.kill(other.pid, 'SIGKILL');
    const exits = await Promise.all([other.exited, neighbour.exited]);
    expect(exits).toMatchObject([
      { kind: 'killed', reason: 'host-closed', message: expect.stringContaining('SIGKILL') as unknown },
      { kind: 'killed', reason: 'host-closed', message: expect.stringContaining('SIGKILL') as unknown },
    ]);
    const next = await runtime.start(await specOf(guests.exitCode(3)));
    await expect(next.exited).resolves.toMatchObject({ kind: 'exited', code: 3 });
    expect(next.pid).not.toBe(other.pid);
  });

  test('ends with a guest that V8 does not interrupt, so that stopping is bounded', async () => {
    // Without a thread that waits: V8 cannot start one either while another is in native code.
    await using own = createRuntime({
      allowedIsolation: ['thread'],
      hostModules: [probeUrl],
      threads: { idle: 0 },
    });
    const neighbour = await own.start(await specOf(guests.sleep));
    const use = { url: probeUrl, contract: 1, config: { steps: ['compute natively'] } } as const;
    const guest = await own.start(await specOf(probeGuest('act'), { hostModules: [use] }));
    expect(guest.pid).toBe(neighbour.pid);
    await new Promise((resolve) => guest.onReport(resolve));
    const before = await cpuOf(guest);
    // What it uses from its report on, it uses there.
    await expect.poll(() => cpuOf(guest)).toBeGreaterThan(before + 0.02);
    await expect(guest.stop({ graceMs: 0 })).resolves.toMatchObject({ kind: 'killed', reason: 'stop' });
    await expect(neighbour.exited).resolves.toMatchObject({ kind: 'killed', reason: 'host-closed' });
  });

  test('keeps neighbours’ logs whole while others are killed in loops', async () => {
    await using directory = await scratchDirectory();
    const lines = 50_000;
    const path = `${directory.path}/0.log`;
    const output = { kind: 'cri-log', path, maxBytes: 64 * 1024 * 1024 } as const;
    const neighbour = await runtime.start(await specOf(guests.flood(lines), { output }));
    for (let killed = 0; killed < 5; killed += 1) {
      const looping = await runtime.start(await specOf(guests.helloThenLoop));
      await looping.stop({ graceMs: 0 });
    }
    await expect(neighbour.exited).resolves.toMatchObject({ kind: 'exited', code: 0 });
    const numbers = (await readFile(path, 'utf8')).matchAll(/stdout F (\d{8})\./g);
    expect(Array.from(numbers, ([, number]) => Number(number))).toEqual(
      Array.from({ length: lines }, (_, index) => index),
    );
  });
});

async function cpuOf(guest: Guest): Promise<number> {
  return (await guest.stats())?.cpuSeconds ?? Number.NaN;
}

describe('a guest in a thread of the application', () => {
  test('does not hold the application up, whatever it does', async () => {
    const guest = await runtime.start(await specOf(guests.loop, { isolation: 'in-process' }));
    expect(guest.pid).toBe(process.pid);
    const begin = performance.now();
    for (let turn = 0; turn < 10; turn += 1) await delay(1);
    expect(performance.now() - begin).toBeLessThan(1000);
    await expect(guest.stop({ graceMs: 0 })).resolves.toMatchObject({ kind: 'killed', reason: 'stop' });
  });
});

describe('an isolation that is not allowed', () => {
  test('is refused with those that are', async () => {
    await expect(runtime.start(await specOf(guests.hello, { isolation: 'process' }))).rejects.toMatchObject({
      code: 'INVALID_SPEC',
      message: "guest: isolation 'process' is not allowed here, but 'thread', 'in-process'",
    });
  });
});
