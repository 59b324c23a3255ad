import { readdir } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../../src/index.ts';
import {
  catchAllExits,
  descriptorFlood,
  threadAttacks,
  threadImports,
} from '../../fixtures/attacking-guests.ts';
import { outcomeOf } from '../../fixtures/outcome.ts';
import { scratchDirectory, specIn } from '../../fixtures/start-guest.ts';

describe.each(['process', 'thread'] as const)('isolation %s:', (isolation) => {
  const specOf = specIn(isolation);
  const runtime = createRuntime({ allowedIsolation: [isolation] });
  afterAll(() => runtime[Symbol.asyncDispose]());

  describe.each(['sync', 'suspend'] as const)('waits are done by %s:', (waiting) => {
    test.each(Object.entries(catchAllExits))('%s does not survive its exit', async (_what, guest) => {
      await using directory = await scratchDirectory();
      const output =
        waiting === 'suspend'
          ? ({ kind: 'stream' } as const)
          : ({ kind: 'cri-log', path: `${directory.path}/0.log` } as const);
      const spec = await specOf(guest, { output, limits: { timeoutMs: 10_000 } });
      expect(await outcomeOf(runtime, spec)).toBe('exited 7');
    });
  });

  test.each(Object.entries(threadAttacks))('a guest that %s is ended at its time', async (_what, guest) => {
    const spec = await specOf(guest, { limits: { timeoutMs: 300 } });
    expect(await outcomeOf(runtime, spec)).toBe('killed timeout');
  });

  test.each(Object.entries(threadImports))('nobody provides %s', async (_what, guest) => {
    expect(await outcomeOf(runtime, await specOf(guest))).toBe('UNKNOWN_IMPORT');
  });

  test('a guest that opens without end gets so many descriptors and no more, and leaves none', async () => {
    await using directory = await scratchDirectory();
    const before = (await readdir('/proc/self/fd')).length;
    const spec = await specOf(descriptorFlood, {
      mounts: [{ hostPath: directory.path, guestPath: '/' }],
      limits: { timeoutMs: 20_000 },
    });
    expect(await outcomeOf(runtime, spec)).toBe('exited 33');
    expect((await readdir('/proc/self/fd')).length).toBeLessThan(before + 20);
  });
});
