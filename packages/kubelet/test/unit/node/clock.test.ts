import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/node/clock.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('sleeps for longer than a timer can be set', async () => {
  let awake = false;
  const sleeping = systemClock.sleep(60 * 24 * 60 * 60_000).then(() => {
    awake = true;
  });
  await vi.advanceTimersByTimeAsync(60 * 24 * 60 * 60_000 - 1);
  expect(awake).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await sleeping;
  expect(awake).toBe(true);
});

test('leaves no timer behind when it is woken by its signal', async () => {
  const abort = new AbortController();
  const sleeping = systemClock.sleep(60 * 24 * 60 * 60_000, { signal: abort.signal });
  await vi.advanceTimersByTimeAsync(30 * 24 * 60 * 60_000);
  abort.abort(new Error('enough'));
  await expect(sleeping).rejects.toThrow('enough');
  expect(vi.getTimerCount()).toBe(0);
});
