import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../../src/index.ts';
import * as hostile from '../../fixtures/hostile-modules.ts';
import { outcomeOf } from '../../fixtures/outcome.ts';
import { specIn } from '../../fixtures/start-guest.ts';

const MiB = 1024 * 1024;
const page = 65_536;
const limits = { memoryBytes: 64 * MiB, timeoutMs: 20_000 };

describe.each(['process', 'thread'] as const)('isolation %s:', (isolation) => {
  const specOf = specIn(isolation);
  const runtime = createRuntime({ allowedIsolation: [isolation] });
  afterAll(() => runtime[Symbol.asyncDispose]());

  test.each([
    ['100,000 functions', () => hostile.functions(100_000), 'exited 0'],
    ['a million functions', () => hostile.functions(1_000_000), 'INVALID_MODULE'],
    ['100,000 blocks within each other', () => hostile.nesting(100_000), 'exited 0'],
    ['a jump of 60,000 targets', () => hostile.jumpTable(60_000), 'exited 0'],
    ['a jump of a million targets', () => hostile.jumpTable(1_000_000), 'INVALID_MODULE'],
    ['a hundred jumps of 60,000 targets', () => hostile.jumpTables(100, 60_000), 'exited 0'],
    ['50,000 locals', () => hostile.locals(50_000), 'exited 0'],
    ['four billion locals', () => hostile.locals(2 ** 31 - 1), 'INVALID_MODULE'],
    ['a function of 7 MB', () => hostile.straightLine(2_300_000), 'exited 0'],
    ['a function of 9 MB', () => hostile.straightLine(3_000_000), 'INVALID_MODULE'],
    ['a million types', () => hostile.types(1_000_000), 'INVALID_MODULE'],
    ['99,999 exports', () => hostile.exports(99_999), 'exited 0'],
    ['a million exports', () => hostile.exports(1_000_000), 'INVALID_MODULE'],
    ['60 MiB of data', () => hostile.data((60 * MiB) / page), 'exited 0'],
    ['100 MiB of data', () => hostile.data((100 * MiB) / page), 'killed memory'],
    ['a million empty sections', () => hostile.customSections(1_000_000), 'INVALID_MODULE'],
    ['300 MB of nothing', () => Buffer.alloc(300_000_000, hostile.functions(1)), 'INVALID_MODULE'],
  ] as const)('%s', async (_what, make, outcome) => {
    expect(await outcomeOf(runtime, await specOf(make(), { limits }))).toBe(outcome);
  });

  test('a million blocks within each other, which take half a gigabyte to compile', async () => {
    // A control group may not have so much, where there is one.
    const outcome = await outcomeOf(runtime, await specOf(hostile.nesting(1_000_000), { limits }));
    expect(['exited 0', 'killed memory']).toContain(outcome);
  });

  test('a module that takes longer to compile than it may is refused, and leaves nothing', async () => {
    const spec = await specOf(hostile.straightLine(2_300_000), {
      limits: { ...limits, startTimeoutMs: 1 },
    });
    await expect(runtime.start(spec)).rejects.toMatchObject({
      code: 'INVALID_MODULE',
      message: 'guest: it was not compiled after 1 ms',
    });
  });
});
