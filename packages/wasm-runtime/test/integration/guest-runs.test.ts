import { readFile } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { guests } from '../fixtures/guests.ts';
import { finish, isolations, scratchDirectory, specIn } from '../fixtures/start-guest.ts';

describe.each(isolations)('isolation %s:', (isolation) => {
  const specOf = specIn(isolation);
  const runtime = createRuntime({ allowedIsolation: [isolation] });
  afterAll(() => runtime[Symbol.asyncDispose]());

  const run = async (...spec: Parameters<typeof specOf>) =>
    finish(await runtime.start(await specOf(...spec)));

  describe('a guest', () => {
    test('writes and ends with 0 when its entry function returns', async () => {
      const { exit, stdout, stderr } = await run(guests.hello);
      expect(exit).toMatchObject({ kind: 'exited', code: 0 });
      expect(exit.finishedAt).toBeInstanceOf(Date);
      expect({ stdout, stderr }).toEqual({ stdout: 'Hello, World!\n', stderr: '' });
    });

    test.each([0, 1, 3, 134, 255, 256, 4_294_967_295])('ends with the code it gives: %i', async (code) => {
      const { exit } = await run(guests.exitCode(code));
      expect(exit).toMatchObject({ kind: 'exited', code });
    });

    test.each(['otherEntry', 'reactor'] as const)('runs from another entry function: %s', async (guest) => {
      const { exit } = await run(guests[guest], { entry: 'serve' });
      expect(exit).toMatchObject({ kind: 'exited', code: 5 });
    });

    test('has nothing left when it has exited: stopping it is an answer', async () => {
      const guest = await runtime.start(await specOf(guests.exitCode(3)));
      await finish(guest);
      await expect(guest.stop({ graceMs: 0 })).resolves.toMatchObject({ kind: 'exited', code: 3 });
    });

    test('is refused when a directory that it is to see is missing', async () => {
      await using directory = await scratchDirectory();
      const mounts = [{ hostPath: `${directory.path}/missing`, guestPath: '/data' }];
      await expect(run(guests.hello, { mounts })).rejects.toMatchObject({
        name: 'RuntimeError',
        code: 'INVALID_MOUNT',
      });
    });
  });

  describe('exit', () => {
    test('cannot be caught by a guest that waits by suspension', async () => {
      const { exit, stdout } = await run(guests.survivor);
      expect(exit).toMatchObject({ kind: 'exited', code: 7 });
      expect(stdout).toBe('');
    });

    test('cannot be caught by a guest that waits in its thread', async () => {
      await using directory = await scratchDirectory();
      const path = `${directory.path}/0.log`;
      const guest = await runtime.start(await specOf(guests.survivor, { output: { kind: 'cri-log', path } }));
      await expect(guest.exited).resolves.toMatchObject({ kind: 'exited', code: 7 });
      expect(await readFile(path, 'utf8')).toBe('');
    });
  });

  describe('a runtime', () => {
    test('runs guests without a pool', async () => {
      await using cold = createRuntime({ pool: { idle: 0 } });
      const { stdout } = await finish(await cold.start(await specOf(guests.hello)));
      expect(stdout).toBe('Hello, World!\n');
    });

    test('refuses to start after it was closed, and kills what still runs', async () => {
      const closed = createRuntime();
      const guest = await closed.start(await specOf(guests.loop));
      await closed[Symbol.asyncDispose]();
      await expect(guest.exited).resolves.toMatchObject({ kind: 'killed', reason: 'stop' });
      await expect(closed.start(await specOf(guests.hello))).rejects.toMatchObject({ code: 'CLOSED' });
    });
  });
});
