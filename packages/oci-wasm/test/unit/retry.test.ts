import { describe, expect, test } from 'vitest';
import { createHostBackoff } from '../../src/registry/http/host-backoff.ts';
import { type Outcome, retryAfterMs, retrying } from '../../src/registry/http/retry.ts';
import { defaultRetryPolicy, type RetryPolicy } from '../../src/registry/http/retry-policy.ts';

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

/** A policy whose clock moves only while something waits. */
const virtual = (overrides: Partial<RetryPolicy> = {}) => {
  const waits: number[] = [];
  let time = 0;
  const policy = {
    ...defaultRetryPolicy,
    random: () => 1,
    now: () => time,
    wait: (ms: number) => {
      waits.push(ms);
      time += ms;
      return Promise.resolve();
    },
    ...overrides,
  };
  const backoff = createHostBackoff(policy);
  const limits = { endsAt: 1_000_000, signal: undefined };
  return {
    waits,
    policy,
    backoff,
    limits,
    run: { ...limits, tries: policy.tries, maxPauseMs: policy.maxPauseMs, backoff, now: policy.now },
  };
};
const again = (afterMs?: number): Outcome<string> => ({
  kind: 'again',
  host: 'a.example',
  afterMs,
  giveUp: () => 'given up',
});

describe('retrying', () => {
  test('doubles the limit of its pauses and gives up after the last try', async () => {
    const { waits, run } = virtual({ tries: 4 });
    const result = await retrying(run, () => Promise.resolve(again()));
    expect({ result, waits }).toEqual({ result: 'given up', waits: [500, 1000, 2000] });
  });

  test('pauses for anything below that limit, so that clients spread', async () => {
    const { waits, run } = virtual({ random: () => 0.25 });
    await retrying(run, () => Promise.resolve(again()));
    expect(waits).toEqual([125, 250]);
  });

  test('waits as long as it is asked to, and not at all where that is after the deadline', async () => {
    const { waits, run } = virtual();
    await retrying(run, () => Promise.resolve(again(300_000)));
    expect(waits).toEqual([300_000, 300_000]);
    const late = virtual();
    const result = await retrying(late.run, () => Promise.resolve(again(1_000_001)));
    expect({ result, waits: late.waits }).toEqual({ result: 'given up', waits: [] });
  });

  test('gives up at once when it is asked to wait longer than it may', async () => {
    const { waits, run, backoff, limits } = virtual({ maxPauseMs: 10_000 });
    const result = await retrying(run, () => Promise.resolve(again(10_001)));
    await backoff.ready('a.example', limits);
    expect({ result, waits }).toEqual({ result: 'given up', waits: [] });
    const patient = virtual({ maxPauseMs: 10_000 });
    await retrying(patient.run, () => Promise.resolve(again(10_000)));
    expect(patient.waits).toEqual([10_000, 10_000]);
  });

  test('ends in the middle of a pause when it is cancelled', async () => {
    const { limits, policy } = virtual();
    const controller = new AbortController();
    const backoff = createHostBackoff(defaultRetryPolicy);
    const { maxPauseMs } = policy;
    const run = { ...limits, endsAt: Number.POSITIVE_INFINITY, now: () => 0, tries: 3, maxPauseMs, backoff };
    const waiting = retrying({ ...run, signal: controller.signal }, () => Promise.resolve(again(20_000)));
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});

describe('the back-off of a host', () => {
  test('is shared: what has failed for one request makes another one wait', async () => {
    const { backoff, waits, limits } = virtual();
    backoff.failed('a.example', { tried: 1, afterMs: 7000 });
    await Promise.all([backoff.ready('a.example', limits), backoff.ready('b.example', limits)]);
    expect(waits).toEqual([7000]);
    await backoff.ready('a.example', limits);
    expect(waits).toEqual([7000]);
  });

  test('counts failures of requests that were under way together as one', () => {
    const { backoff } = virtual();
    expect(backoff.failed('a.example', { tried: 1, afterMs: undefined })).toBe(500);
    expect(backoff.failed('a.example', { tried: 1, afterMs: undefined })).toBe(500);
  });

  test('grows from failure to failure, and is over with a success', async () => {
    const { backoff, waits, limits } = virtual();
    for (let failures = 0; failures < 3; failures += 1) {
      backoff.failed('a.example', { tried: 1, afterMs: undefined });
      await backoff.ready('a.example', limits);
    }
    backoff.succeeded('a.example');
    backoff.failed('a.example', { tried: 1, afterMs: undefined });
    await backoff.ready('a.example', limits);
    expect(waits).toEqual([500, 1000, 2000, 500]);
  });

  test('is not shortened by an answer to what was sent before the failure', async () => {
    const { backoff, waits, limits } = virtual();
    backoff.failed('a.example', { tried: 1, afterMs: 7000 });
    backoff.succeeded('a.example');
    await backoff.ready('a.example', limits);
    expect(waits).toEqual([7000]);
  });

  test('is not waited for beyond a deadline: the host is asked', async () => {
    const { backoff, waits, limits } = virtual();
    backoff.failed('a.example', { tried: 1, afterMs: 7000 });
    await backoff.ready('a.example', { ...limits, endsAt: 6999 });
    expect(waits).toEqual([]);
  });
});
