import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { gcBomb, guests } from '../fixtures/guests.ts';
import { finish, isolations, specIn } from '../fixtures/start-guest.ts';

const MiB = 1024 * 1024;

describe.each(isolations)('isolation %s:', (isolation) => {
  const specOf = specIn(isolation);
  const runtime = createRuntime({ allowedIsolation: [isolation] });
  afterAll(() => runtime[Symbol.asyncDispose]());
  describe('a memory limit', () => {
    test('ends a guest that takes all of it as out of memory', async () => {
      const spec = await specOf(guests.memoryHog, { limits: { memoryBytes: 64 * MiB } });
      const { exit } = await finish(await runtime.start(spec));
      expect(exit).toMatchObject({ kind: 'killed', reason: 'memory' });
      expect(exit).toHaveProperty('message', expect.stringContaining('limit of 67108864 bytes'));
    });

    test.each([1, 64])('leaves the trap of a guest far below it a trap: %i MiB', async (mebibytes) => {
      const spec = await specOf(guests.unreachable, { limits: { memoryBytes: mebibytes * MiB } });
      const { exit } = await finish(await runtime.start(spec));
      expect(exit).toMatchObject({ kind: 'trapped', trap: 'unreachable' });
    });

    test('ends a module that declares 4 GiB before it is compiled, and no neighbour notices', async () => {
      const neighbour = await runtime.start(await specOf(guests.sleep));
      const spec = await specOf(guests.huge, { limits: { memoryBytes: 64 * MiB } });
      const guest = await runtime.start(spec);
      const { exit, stdout } = await finish(guest);
      expect(exit).toMatchObject({ kind: 'killed', reason: 'memory' });
      expect(stdout).toBe('');
      await expect(guest.stop({ graceMs: 0 })).resolves.toMatchObject({ reason: 'memory' });
      await expect(neighbour.stop({ graceMs: 0 })).resolves.toMatchObject({ reason: 'stop' });
    });

    test('is not got round with tables', async () => {
      const limits = { memoryBytes: 64 * MiB };
      await expect(runtime.start(await specOf(guests.tableBomb, { limits }))).rejects.toMatchObject({
        code: 'INVALID_MODULE',
        message: expect.stringContaining('tables of 60000000 elements; its limit allows 1000000') as unknown,
      });
    });

    test('is what ended a guest that was refused a large growth while it was small', async () => {
      const spec = await specOf(guests.greedy, { limits: { memoryBytes: 64 * MiB } });
      const { exit } = await finish(await runtime.start(spec));
      expect(exit).toMatchObject({ kind: 'killed', reason: 'memory' });
      expect(exit).toHaveProperty('message', expect.stringContaining('limit of 67108864 bytes'));
      expect(exit).toHaveProperty('message', expect.stringMatching(/0: 0x[0-9a-f]+ - <module>!main$/));
    });

    test('ends a guest whose memory nobody else sees as out of memory', async () => {
      const spec = await specOf(guests.privateHog, { limits: { memoryBytes: 64 * MiB } });
      const { exit } = await finish(await runtime.start(spec));
      expect(exit).toMatchObject({ kind: 'killed', reason: 'memory' });
    });

    test('is not what ended a guest that made do with less', async () => {
      const spec = await specOf(guests.modest, { limits: { memoryBytes: 64 * MiB } });
      const { exit } = await finish(await runtime.start(spec));
      expect(exit).toMatchObject({ kind: 'trapped', trap: 'unreachable' });
    });
  });
});

test('the memory limit of a process is not got round with garbage-collected objects', async () => {
  await using runtime = createRuntime();
  const limits = { memoryBytes: 64 * MiB, timeoutMs: 20_000 };
  const guest = await runtime.start(await specIn('process')(gcBomb, { limits }));
  await expect(guest.exited).resolves.toMatchObject({
    kind: 'killed',
    reason: 'memory',
    message: 'its tables or garbage-collected objects filled its heap',
  });
});

test.each(['thread', 'in-process'] as const)(
  'garbage-collected types have no room beside others: %s',
  async (isolation) => {
    await using runtime = createRuntime({ allowedIsolation: [isolation] });
    await expect(runtime.start(await specIn(isolation)(gcBomb))).rejects.toMatchObject({
      code: 'INVALID_MODULE',
      message: expect.stringContaining("isolation 'process'") as unknown,
    });
  },
);
