import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { GuestPlace, PlaceEnd } from '../../../src/isolation/guest-place.ts';
import { createPlacePool } from '../../../src/isolation/place-pool.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const nowhere: GuestPlace['wire'] = {
  send() {},
  sendData: () => undefined,
  end: () => Promise.resolve(),
  destroy() {},
};

/** Places that are there at once, and what became of them. */
function places() {
  const started: { readonly place: GuestPlace; readonly waits: boolean }[] = [];
  let alive = 0;
  const start = ({ waits }: { waits: boolean }): GuestPlace => {
    const { promise: gone, resolve } = Promise.withResolvers<PlaceEnd>();
    const place: GuestPlace = {
      pid: started.length,
      wire: nowhere,
      ready: Promise.resolve(),
      gone,
      listen() {},
      kill: () => resolve({ how: 'killed', heapFull: false }),
    };
    alive += 1;
    void gone.then(() => (alive -= 1));
    started.push({ place, waits });
    return place;
  };
  return { start, started, alive: () => alive };
}

test('has so many places waiting, and replaces one that is taken some time after', async () => {
  const { start, started } = places();
  await using pool = createPlacePool({ idle: 2, start });
  expect(pool.waiting).toBe(2);
  const place = pool.take();
  expect(place).toBe(started[0]?.place);
  pool.refill(place);
  expect(pool.waiting).toBe(1);
  await vi.advanceTimersByTimeAsync(20);
  expect(pool.waiting).toBe(2);
});

test('has more of them after guests have come faster, and lets those go when it has been calm', async () => {
  const { start, alive } = places();
  await using pool = createPlacePool({ idle: 1, maxIdle: 3, start });
  const taken = Array.from({ length: 10 }, () => pool.take());
  for (const place of taken) pool.refill(place);
  await vi.advanceTimersByTimeAsync(20);
  expect(pool.waiting).toBe(3);
  await vi.advanceTimersByTimeAsync(29_000);
  expect(pool.waiting).toBe(3);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(pool.waiting).toBe(1);
  expect(alive()).toBe(taken.length + 1);
});

test('replaces none that has ended while it waited until a guest comes', async () => {
  const { start, started } = places();
  await using pool = createPlacePool({ idle: 1, start });
  started[0]?.place.kill();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(pool.waiting).toBe(0);
  pool.refill(pool.take());
  await vi.advanceTimersByTimeAsync(20);
  expect(pool.waiting).toBe(1);
});

test('starts those for later when guests have begun, or when that takes long', async () => {
  const { start } = places();
  await using pool = createPlacePool({ idle: 1, start });
  const [first, second] = [pool.take(), pool.take()];
  pool.refill(first);
  await vi.advanceTimersByTimeAsync(500);
  expect(pool.waiting).toBe(0);
  pool.refill(second);
  await vi.advanceTimersByTimeAsync(20);
  expect(pool.waiting).toBe(1);
  const [third] = [pool.take(), pool.take()];
  pool.refill(third);
  await vi.advanceTimersByTimeAsync(1000);
  expect(pool.waiting).toBe(1);
});

test('is closed when all that waited, or were let go, are gone', async () => {
  const { start, alive } = places();
  const pool = createPlacePool({ idle: 1, maxIdle: 2, start });
  for (const place of [pool.take(), pool.take()]) {
    place.kill();
    pool.refill(place);
  }
  await vi.advanceTimersByTimeAsync(30_020);
  await pool[Symbol.asyncDispose]();
  expect(alive()).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
