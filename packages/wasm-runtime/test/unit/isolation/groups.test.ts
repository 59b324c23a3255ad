import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createGroups } from '../../../src/isolation/groups.ts';
import { createPlacePool, type PlacePool } from '../../../src/isolation/place-pool.ts';
import { createSandboxUsers } from '../../../src/isolation/sandbox-users.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open() {
  const closed: string[] = [];
  const groups = createGroups({
    users: createSandboxUsers({ first: 3_000_000_000, count: 2 }),
    threads(group): PlacePool {
      const pool = createPlacePool({
        idle: 0,
        start() {
          throw new Error('no guest is started here');
        },
      });
      return {
        ...pool,
        async [Symbol.asyncDispose]() {
          closed.push(group);
        },
      };
    },
  });
  return { groups, closed };
}

describe('a group', () => {
  test('has one user, and the same threads for all its sandboxes', () => {
    const { groups } = open();
    const [one, other] = [groups.join('blue', []), groups.join('blue', [])];
    expect(other.user).toEqual(one.user);
    expect(other.threads()).toBe(one.threads());
    const stranger = groups.join('green', []);
    expect(stranger.user).not.toEqual(one.user);
    expect(stranger.threads()).not.toBe(one.threads());
  });

  test('keeps its threads for a while when its last sandbox has left, and then its user is free', async () => {
    const { groups, closed } = open();
    const first = groups.join('blue', []);
    first.threads();
    await first.leave();
    await vi.advanceTimersByTimeAsync(9000);
    const second = groups.join('blue', []);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(closed).toEqual([]);
    await second.leave();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(closed).toEqual(['blue']);
    groups.join('red', []);
    expect(() => groups.join('green', [])).not.toThrow();
    expect(() => groups.join('white', [])).toThrow('all 2 users');
  });

  test('without a name is of one sandbox, and ends with it', async () => {
    const { groups, closed } = open();
    const [one, other] = [groups.join(undefined, []), groups.join(undefined, [])];
    expect(other.user).not.toEqual(one.user);
    one.threads();
    await one.leave();
    expect(closed).toEqual(['']);
  });

  test('that is closed with all others leaves no timer', async () => {
    const { groups, closed } = open();
    const group = groups.join('blue', []);
    group.threads();
    await group.leave();
    await groups[Symbol.asyncDispose]();
    expect(closed).toEqual(['blue']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
