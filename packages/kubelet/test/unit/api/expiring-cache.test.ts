import { expect, test } from 'vitest';
import { createExpiringCache } from '../../../src/api/expiring-cache.ts';
import { virtualClock } from '../../../src/testing.ts';

function countingCache(maxEntries = 10) {
  const time = virtualClock();
  const loads: string[] = [];
  const cache = createExpiringCache<string>({
    maxEntries,
    lifetimeMs: (value) => (value === 'short' ? 10 : 100),
    clock: time.clock,
  });
  const get = (key: string, value = key): Promise<string> =>
    cache.get(key, () => {
      loads.push(key);
      return Promise.resolve(value);
    });
  return { time, loads, cache, get };
}

test('remembers a value as long as it is good, which the value itself decides', async () => {
  const { time, loads, get } = countingCache();
  await get('a');
  await get('b', 'short');
  await time.advance(9);
  expect([await get('a'), await get('b')]).toEqual(['a', 'short']);
  await time.advance(1);
  expect([await get('a'), await get('b', 'new')]).toEqual(['a', 'new']);
  expect(loads).toEqual(['a', 'b', 'b']);
});

test('loads once for all who ask meanwhile', async () => {
  const { cache } = countingCache();
  const { promise, resolve } = Promise.withResolvers<string>();
  let loads = 0;
  const load = (): Promise<string> => {
    loads++;
    return promise;
  };
  const both = Promise.all([cache.get('a', load), cache.get('a', load)]);
  resolve('value');
  expect(await both).toEqual(['value', 'value']);
  expect(loads).toBe(1);
});

test('does not keep a failure', async () => {
  const { cache, get } = countingCache();
  await expect(cache.get('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(await get('a')).toBe('a');
});

test('forgets what was not used for longest when there is too much', async () => {
  const { loads, get } = countingCache(2);
  await get('a');
  await get('b');
  await get('a');
  await get('c');
  await get('a');
  await get('b');
  expect(loads).toEqual(['a', 'b', 'c', 'b']);
});
