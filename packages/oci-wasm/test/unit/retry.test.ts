import { describe, expect, test } from 'vitest';
import { defaultRetryPolicy, type Outcome, retryAfterMs, retrying } from '../../src/registry/retry.ts';

const now = new Date('2026-01-02T03:04:05Z');

test.each([
  ['7', 7000],
  [' 0 ', 0],
  ['Fri, 02 Jan 2026 03:04:15 GMT', 10_000],
  ['Friday, 02-Jan-26 03:04:15 GMT', 10_000],
  ['Fri, 02 Jan 2026 03:00:00 GMT', 0],
  ['soon', undefined],
  ['-1', undefined],
  ['1e9', undefined],
  [undefined, undefined],
])('Retry-After %s is %s ms', (value, expected) => {
  expect(retryAfterMs(value, now)).toBe(expected);
});

const recorded = () => {
  const waits: number[] = [];
  const policy = {
    ...defaultRetryPolicy,
    random: () => 1,
    wait: (ms: number) => {
      waits.push(ms);
      return Promise.resolve();
    },
  };
  return { waits, policy };
};
const again = (afterMs?: number): Outcome<string> => ({ kind: 'again', afterMs, giveUp: () => 'given up' });

describe('retrying', () => {
  test('doubles its pauses and gives up after the last try', async () => {
    const { waits, policy } = recorded();
    const result = await retrying({ ...policy, tries: 4 }, () => Promise.resolve(again()), undefined);
    expect({ result, waits }).toEqual({ result: 'given up', waits: [500, 1000, 2000] });
  });

  test('shortens its pauses by up to half, so that clients spread', async () => {
    const { waits, policy } = recorded();
    await retrying({ ...policy, random: () => 0 }, () => Promise.resolve(again()), undefined);
    expect(waits).toEqual([250, 500]);
  });

  test('waits as long as it is asked to, within the limit', async () => {
    const { waits, policy } = recorded();
    await retrying(policy, () => Promise.resolve(again(20_000)), undefined);
    await retrying(policy, () => Promise.resolve(again(20_001)), undefined);
    expect(waits).toEqual([20_000, 20_000]);
  });

  test('ends in the middle of a pause when it is cancelled', async () => {
    const controller = new AbortController();
    const waiting = retrying(defaultRetryPolicy, () => Promise.resolve(again(20_000)), controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('aborted');
  });
});
