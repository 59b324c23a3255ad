import { expect, test } from 'vitest';
import { createReportLimit } from '../../../src/isolation/guest-host/report-limit.ts';

test('a burst passes, then so many a second, and what is dropped is counted', () => {
  let now = 0;
  const limit = createReportLimit({ perSecond: 10, burst: 2, now: () => now });
  expect([limit.pass(), limit.pass(), limit.pass(), limit.pass()]).toEqual([0, 0, undefined, undefined]);
  now += 100;
  expect([limit.pass(), limit.pass()]).toEqual([2, undefined]);
  now += 60_000;
  expect([limit.pass(), limit.pass(), limit.pass()]).toEqual([1, 0, undefined]);
});
