import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime, type Guest, type WasmRuntime } from '../../src/index.ts';
import { guests } from '../fixtures/guests.ts';
import { isAlive, isolations, scratchDirectory, specIn } from '../fixtures/start-guest.ts';

/** The best of three: a busy machine can delay one of them, a guest that resists delays all. */
async function quickest(measure: () => Promise<number>): Promise<number> {
  return Math.min(await measure(), await measure(), await measure());
}

describe.each(isolations)('isolation %s:', (isolation) => {
  const specOf = specIn(isolation);
  const runtime = createRuntime({ allowedIsolation: [isolation] });
  afterAll(() => runtime[Symbol.asyncDispose]());

  /** What is promised from any state. */
  const promisedMs = isolation === 'process' ? 100 : 50;

  async function measureStop(...guestOf: Parameters<typeof specOf>): Promise<number> {
    const guest = await runtime.start(await specOf(...guestOf));
    const begin = performance.now();
    await expect(guest.stop({ graceMs: 30_000 })).resolves.toMatchObject({ kind: 'killed', reason: 'stop' });
    const took = performance.now() - begin;
    expect(isolation === 'process' && (await isAlive(guest.pid))).toBe(false);
    return took;
  }

  /** Milliseconds from the call to its rejection, when it is aborted after so many. */
  async function measureAbort(from: WasmRuntime, guest: string, afterMs: number): Promise<number> {
    const spec = await specOf(guest);
    const controller = new AbortController();
    const reason = new Error('never mind');
    const timer = setTimeout(() => controller.abort(reason), afterMs);
    const begin = performance.now();
    await expect(from.start(spec, { signal: controller.signal })).rejects.toBe(reason);
    clearTimeout(timer);
    return performance.now() - begin;
  }

  describe('stopping', () => {
    test.each(['loop', 'callingLoop', 'sleep', 'helloThenLoop'] as const)(
      'ends a guest in time: %s',
      async (name) => {
        expect(await quickest(() => measureStop(guests[name]))).toBeLessThan(promisedMs);
      },
    );

    test('ends a guest that sleeps in its own thread in time', async () => {
      await using directory = await scratchDirectory();
      const output = { kind: 'cri-log', path: `${directory.path}/0.log` } as const;
      expect(await quickest(() => measureStop(guests.sleep, { output }))).toBeLessThan(promisedMs);
    });

    test('ends a guest that waits for input in time', async () => {
      expect(await quickest(() => measureStop(guests.echo, { stdin: 'stream' }))).toBeLessThan(promisedMs);
    });

    test('is the same promise however often it is asked for', async () => {
      const guest = await runtime.start(await specOf(guests.loop));
      const exits = await Promise.all([guest.stop({ graceMs: 0 }), guest.stop({ graceMs: 0 }), guest.exited]);
      expect(new Set(exits).size).toBe(1);
    });

    test('is what disposing does', async () => {
      let ended: Guest;
      {
        await using guest = await runtime.start(await specOf(guests.loop));
        ended = guest;
      }
      await expect(ended.exited).resolves.toMatchObject({ kind: 'killed', reason: 'stop' });
    });
  });

  describe('a start that is aborted', () => {
    test('rejects with the reason before anything is done', async () => {
      const reason = new Error('never mind');
      const start = runtime.start(await specOf(guests.hello), { signal: AbortSignal.abort(reason) });
      await expect(start).rejects.toBe(reason);
    });

    test.each([0, 5, 20, 60])('rejects with the reason when its place is %i ms old', async (ms) => {
      const took = await quickest(async () => {
        await using cold = createRuntime({ pool: { idle: 0 } });
        return await measureAbort(cold, guests.loop, ms);
      });
      expect(took).toBeLessThan(ms + promisedMs);
    });

    test('rejects with the reason while the module is instantiated', async () => {
      const took = await quickest(() => measureAbort(runtime, guests.loopsAtInstantiation, 300));
      expect(took).toBeLessThan(300 + promisedMs);
    });

    test('leaves a guest alone that is already running', async () => {
      const controller = new AbortController();
      const guest = await runtime.start(await specOf(guests.loop), { signal: controller.signal });
      controller.abort();
      expect(await isAlive(guest.pid)).toBe(true);
      await guest.stop({ graceMs: 0 });
    });
  });

  describe('a time limit', () => {
    test('ends the guest with the reason timeout', async () => {
      const guest = await runtime.start(await specOf(guests.loop, { limits: { timeoutMs: 150 } }));
      await expect(guest.exited).resolves.toMatchObject({
        kind: 'killed',
        reason: 'timeout',
        message: 'ran longer than 150 ms',
      });
    });

    test('longer than a timer of Node can be does not end it at once', async () => {
      const guest = await runtime.start(await specOf(guests.hello, { limits: { timeoutMs: 2 ** 33 } }));
      await expect(guest.exited).resolves.toMatchObject({ kind: 'exited' });
    });
  });
});

test.each(['process', 'thread'] as const)(
  'a guest host that is killed from outside is told as such, and the next guest runs: %s',
  async (isolation) => {
    const specOf = specIn(isolation);
    await using runtime = createRuntime({ allowedIsolation: [isolation] });
    const guest = await runtime.start(await specOf(guests.sleep));
    process.kill(guest.pid, 'SIGKILL');
    await expect(guest.exited).resolves.toMatchObject({
      kind: 'killed',
      reason: 'host-closed',
      message: 'the guest host ended: signal SIGKILL',
    });
    const next = await runtime.start(await specOf(guests.exitCode(0)));
    await expect(next.exited).resolves.toMatchObject({ kind: 'exited' });
  },
);
