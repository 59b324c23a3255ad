import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../../src/index.ts';
import { gcBomb, memoryBombs, stackBombs, tableBombs } from '../../fixtures/attacking-guests.ts';
import { outcomeOf } from '../../fixtures/outcome.ts';
import { specIn } from '../../fixtures/start-guest.ts';

const limits = { memoryBytes: 64 * 1024 * 1024, timeoutMs: 20_000 };

describe.each(['process', 'thread'] as const)('isolation %s:', (isolation) => {
  const specOf = specIn(isolation);
  const runtime = createRuntime({ allowedIsolation: [isolation] });
  afterAll(() => runtime[Symbol.asyncDispose]());

  test.each(Object.entries(memoryBombs))('%s: out of memory', async (_what, guest) => {
    expect(await outcomeOf(runtime, await specOf(guest, { limits }))).toBe('killed memory');
  });

  test.each(Object.entries(tableBombs))('%s: gets no more, and gives up', async (_what, guest) => {
    expect(await outcomeOf(runtime, await specOf(guest, { limits }))).toBe('trapped unreachable');
  });

  test('garbage-collected arrays: out of memory where the heap is its own, refused elsewhere', async () => {
    const outcome = isolation === 'process' ? 'killed memory' : 'INVALID_MODULE';
    expect(await outcomeOf(runtime, await specOf(gcBomb, { limits }))).toBe(outcome);
  });

  test.each(Object.entries(stackBombs))('%s: a trap', async (_what, guest) => {
    expect(await outcomeOf(runtime, await specOf(guest, { limits }))).toBe('trapped stack-overflow');
  });
});
