import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GuestSpec, WasmRuntime } from '../../src/index.ts';
import { bigModule } from '../fixtures/big-module.ts';
import { guests } from '../fixtures/guests.ts';
import { isolations, scratchDirectory, specIn } from '../fixtures/start-guest.ts';
import { createRuntime } from '../fixtures/tested-runtime.ts';

// A hundred and more kills of each state are judged by their 99th percentile, which needs a machine without other
// work; a few by their median: WASMLET_BUILT=1 WASMLET_KILLS=200, and `-t 'isolation thread'` for one way at a time.
const kills = Number(process.env['WASMLET_KILLS'] ?? 5);
const manyKills = 100;

/** Milliseconds within which a guest is to be gone, from whatever state. */
const promisedMs = { process: 100, thread: 50, 'in-process': 50 } as const;

/** A place needs so long until it has loaded. */
const loadMs = 100;

describe.each(isolations)('isolation %s:', (isolation) => {
  const specOf = specIn(isolation);
  const promised = promisedMs[isolation];
  /** Loads nothing while a guest runs: each kill is alone. */
  const bare = createRuntime({ allowedIsolation: [isolation], pool: { idle: 0 }, threads: { idle: 0 } });
  /** Has a loaded place waiting, so that a start gets far at once. */
  const loaded = createRuntime({ allowedIsolation: [isolation] });
  beforeAll(async () => {
    // Where guests share a process, it stays for the next one.
    await bare.start(await specOf(guests.sleep));
  });
  afterAll(() => Promise.all([bare[Symbol.asyncDispose](), loaded[Symbol.asyncDispose]()]));

  /** From the call of `stop` to the guest's end, some milliseconds after its start. */
  const stopRunning = async (spec: GuestSpec, afterMs: number): Promise<number> => {
    const guest = await bare.start(spec);
    await delay(afterMs);
    const begin = performance.now();
    const exit = await guest.stop({ graceMs: 0 });
    const took = performance.now() - begin;
    expect(exit).toMatchObject({ kind: 'killed', reason: 'stop' });
    return took;
  };
  /** From the abort of a start that would never, or not yet, resolve to its rejection. */
  const abortStarting = async (runtime: WasmRuntime, spec: GuestSpec, afterMs: number): Promise<number> => {
    if (runtime === loaded) await delay(loadMs);
    const controller = new AbortController();
    const reason = new Error('never mind');
    const rejection = runtime.start(spec, { signal: controller.signal }).then(
      () => 'started',
      (error: unknown) => error,
    );
    if (afterMs > 0) await delay(afterMs);
    const begin = performance.now();
    controller.abort(reason);
    expect(await rejection).toBe(reason);
    return performance.now() - begin;
  };
  /** What is judged of many. */
  const timeOf = async (one: () => Promise<number>): Promise<number> => {
    const times: number[] = [];
    for (let killed = 0; killed < kills; killed += 1) times.push(await one());
    times.sort((a, b) => a - b);
    const at = (part: number): number => times[Math.max(0, Math.ceil(kills * part) - 1)] ?? Number.NaN;
    if (kills < manyKills) return at(0.5);
    const shown = [0.5, 0.99, 1].map((part) => at(part).toFixed(1));
    process.stdout.write(`${expect.getState().currentTestName}: ${shown.join(' / ')} ms\n`);
    return at(0.99);
  };
  const options = { timeout: 30_000 + kills * 1000 };

  test.each(['loop', 'callingLoop', 'slowLoop', 'sleep'] as const)(
    'a guest is gone in time: %s',
    options,
    async (name) => {
      const spec = await specOf(guests[name]);
      expect(await timeOf(() => stopRunning(spec, 10))).toBeLessThan(promised);
    },
  );

  test('a guest is gone in time that sleeps in its own thread', options, async () => {
    await using directory = await scratchDirectory();
    const output = { kind: 'cri-log', path: `${directory.path}/0.log` } as const;
    const spec = await specOf(guests.sleep, { output });
    expect(await timeOf(() => stopRunning(spec, 10))).toBeLessThan(promised);
  });

  test('a guest is gone in time that fills its log', options, async () => {
    await using directory = await scratchDirectory();
    const output = { kind: 'cri-log', path: `${directory.path}/0.log`, maxBytes: 2 ** 20 } as const;
    const spec = await specOf(guests.flood(100_000_000), { output });
    expect(await timeOf(() => stopRunning(spec, 30))).toBeLessThan(promised);
  });

  test('a guest is gone in time whose output nobody reads', options, async () => {
    const spec = await specOf(guests.flood(1_000_000));
    expect(await timeOf(() => stopRunning(spec, 10))).toBeLessThan(promised);
  });

  test('a guest is gone in time that waits for input', options, async () => {
    const spec = await specOf(guests.echo, { stdin: 'stream' });
    expect(await timeOf(() => stopRunning(spec, 10))).toBeLessThan(promised);
  });

  test('a guest is gone in time that has not begun', options, async () => {
    const spec = await specOf(guests.loop);
    expect(await timeOf(() => abortStarting(bare, spec, 0))).toBeLessThan(promised);
  });

  test('a guest is gone in time that is being instantiated', options, async () => {
    const spec = await specOf(guests.loopsAtInstantiation);
    expect(await timeOf(() => abortStarting(loaded, spec, 30))).toBeLessThan(promised);
  });

  test('a guest is gone in time that is being compiled', options, async () => {
    // Each a little other: what has been compiled once would not be again.
    let differing = 0;
    const took = await timeOf(async () => {
      differing += 1;
      const spec = await specOf(bigModule(20_000 + differing), { name: 'big' });
      return abortStarting(loaded, spec, 20 + 2 * (differing % 20));
    });
    expect(took).toBeLessThan(promised);
  });
});
