import { describe, expect, test } from 'vitest';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { startLiveUpdate } from '../../../src/volumes/live-update.ts';

function setUp(due?: Date) {
  const time = virtualClock('2026-01-01T00:00:00Z');
  const rounds: number[] = [];
  const failures: unknown[] = [];
  const state = { next: undefined as Date | undefined, fail: false };
  const live = startLiveUpdate({
    update: () => {
      rounds.push(time.clock.now().getTime() - Date.UTC(2026));
      return state.fail ? Promise.reject(new Error('failed')) : Promise.resolve(state.next);
    },
    due,
    onFailure: (error) => failures.push(error),
    clock: time.clock,
  });
  return { time, rounds, failures, state, live };
}

describe('a live update', () => {
  test('does nothing until something has changed', async () => {
    const { time, rounds, live } = setUp();
    await time.advance(24 * 60 * 60_000);
    expect(rounds).toEqual([]);
    live.changed();
    await time.advance(0);
    expect(rounds).toEqual([86_400_000]);
    await live[Symbol.asyncDispose]();
  });

  test('is repeated when it is due', async () => {
    const { time, rounds, state, live } = setUp(new Date('2026-01-01T00:00:10Z'));
    state.next = new Date('2026-01-01T00:00:25Z');
    await time.advance(9_999);
    expect(rounds).toEqual([]);
    await time.advance(1);
    state.next = undefined;
    await time.advance(60_000);
    expect(rounds).toEqual([10_000, 25_000]);
    expect(time.sleeping).toBe(0);
    await live[Symbol.asyncDispose]();
  });

  test('takes several changes for one', async () => {
    const { time, rounds, live } = setUp();
    live.changed();
    live.changed();
    live.changed();
    await time.advance(1_000);
    expect(rounds.length).toBe(1);
    await live[Symbol.asyncDispose]();
  });

  test('runs once more for a change during a round, never two rounds at a time', async () => {
    const time = virtualClock();
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let started = 0;
    const live = startLiveUpdate({
      update: async () => {
        await gates[started++]?.promise;
        return undefined;
      },
      due: undefined,
      onFailure: () => {},
      clock: time.clock,
    });
    live.changed();
    await time.advance(0);
    live.changed();
    live.changed();
    await time.advance(0);
    expect(started).toBe(1);
    gates[0]!.resolve();
    await time.advance(0);
    expect(started).toBe(2);
    gates[1]!.resolve();
    await time.advance(1_000);
    expect(started).toBe(2);
    await live[Symbol.asyncDispose]();
  });

  test('tells of a failure and tries again after a minute, or when something changes', async () => {
    const { time, rounds, failures, state, live } = setUp();
    state.fail = true;
    live.changed();
    await time.advance(59_999);
    expect(rounds).toEqual([0]);
    await time.advance(1);
    expect(rounds).toEqual([0, 60_000]);
    state.fail = false;
    live.changed();
    await time.advance(200_000);
    expect(rounds).toEqual([0, 60_000, 60_000]);
    expect(failures.length).toBe(2);
    await live[Symbol.asyncDispose]();
  });

  test('leaves nothing waiting once it is disposed', async () => {
    const { time, rounds, live } = setUp(new Date('2026-01-01T01:00:00Z'));
    await time.advance(0);
    expect(time.sleeping).toBe(1);
    await live[Symbol.asyncDispose]();
    expect(time.sleeping).toBe(0);
    live.changed();
    await time.advance(7_200_000);
    expect(rounds).toEqual([]);
    await live[Symbol.asyncDispose]();
  });

  test('lets a round in progress end early, and does not call that a failure', async () => {
    const time = virtualClock();
    const failures: unknown[] = [];
    const live = startLiveUpdate({
      update: ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        }),
      due: undefined,
      onFailure: (error) => failures.push(error),
      clock: time.clock,
    });
    live.changed();
    await time.advance(0);
    await live[Symbol.asyncDispose]();
    expect(failures).toEqual([]);
  });
});
