import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { createRuntime, type Isolation, type WasmRuntime } from '../../src/index.ts';
import { stateOf } from '../fixtures/guest-host-state.ts';
import { guests } from '../fixtures/guests.ts';
import { finish, isAlive, specIn } from '../fixtures/start-guest.ts';

const kinds = ['hello', 'unreachable', 'loop', 'sleep', 'echo'] as const;

/** Starts and ends so many guests one after the other, in every way; the processes they were in. */
async function endMany(runtime: WasmRuntime, isolation: Isolation, count: number): Promise<Set<number>> {
  const specs = await Promise.all(kinds.map((kind) => specIn(isolation)(guests[kind], {})));
  const pids = new Set<number>();
  for (let started = 0; started < count; started += 1) {
    const spec = specs[started % specs.length];
    if (spec === undefined) continue;
    const guest = await runtime.start(spec);
    pids.add(guest.pid);
    if (spec === specs[2] || spec === specs[3]) void guest.stop({ graceMs: 0 });
    await finish(guest);
  }
  return pids;
}

describe.runIf(process.platform === 'linux')('guests one after the other in threads', () => {
  test('leave no thread and no descriptor in their guest host, and no process', {
    timeout: 240_000,
  }, async () => {
    let hosts: Set<number>;
    {
      await using runtime = createRuntime({ allowedIsolation: ['thread'], threads: { perLife: 300 } });
      const [first = 0] = await endMany(runtime, 'thread', 50);
      const before = await stateOf(first);
      hosts = await endMany(runtime, 'thread', 200);
      expect([...hosts]).toEqual([first]);
      const after = await stateOf(first);
      // One thread more or less may wait, or end, at the time.
      expect(after.threads).toBeLessThanOrEqual(before.threads + 2);
      expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 12);
      for (const pid of await endMany(runtime, 'thread', 250)) hosts.add(pid);
      expect(hosts.size).toBe(2);
    }
    expect(await Promise.all([...hosts].map(isAlive))).toEqual([false, false]);
  });

  test('leave no thread and no descriptor in the application', { timeout: 120_000 }, async () => {
    await using runtime = createRuntime({ allowedIsolation: ['in-process'] });
    await endMany(runtime, 'in-process', 20);
    const before = await stateOf(process.pid);
    await endMany(runtime, 'in-process', 100);
    const after = await stateOf(process.pid);
    expect(after.threads).toBeLessThanOrEqual(before.threads + 2);
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 12);
  });
});
