import { expect, test } from 'vitest';
import { createEventCorrelator } from '../../../src/cluster/api-server/event-correlator.ts';
import type { KubeEvent } from '../../../src/cluster/cluster.ts';

const start = new Date('2026-01-01T00:00:00Z').getTime();
const at = (seconds: number): Date => new Date(start + seconds * 1000);

function event(
  message: string,
  options: { reason?: string; name?: string; container?: string } = {},
): KubeEvent {
  const { reason = 'Failed', name = 'p', container } = options;
  return {
    regarding: {
      apiVersion: 'v1',
      kind: 'Pod',
      namespace: 'ns',
      name,
      uid: `uid-${name}`,
      ...(container === undefined ? {} : { fieldPath: `spec.containers{${container}}` }),
    },
    type: 'Warning',
    reason,
    message,
  };
}

test('counts an event that repeats as one, of each container by itself', () => {
  const correlator = createEventCorrelator();
  const [first, second, other] = [event('m'), event('m'), event('m', { container: 'c' })].map((one) =>
    correlator.correlate(one, at(0)),
  );
  expect(second).toEqual(first);
  expect(first).toMatchObject({ kind: 'count', message: 'm' });
  expect(other).not.toEqual(first);
});

test('combines the eleventh different message of one kind and those after it', () => {
  const correlator = createEventCorrelator();
  const keys = Array.from({ length: 12 }, (_, index) => {
    const correlation = correlator.correlate(event(`m${index}`), at(index));
    return correlation.kind === 'count' ? correlation : undefined;
  });
  expect(new Set(keys.slice(0, 10).map((one) => one?.key)).size).toBe(10);
  expect(keys[10]).toMatchObject({ message: '(combined from similar events): m10' });
  expect(keys[11]).toEqual({ ...keys[10], message: '(combined from similar events): m11' });
  // Other reasons are not concerned, and after ten quiet minutes it begins anew.
  expect(correlator.correlate(event('x', { reason: 'Other' }), at(12))).toMatchObject({ message: 'x' });
  expect(correlator.correlate(event('m12'), at(12 + 601))).toMatchObject({ message: 'm12' });
});

test('lets 25 events of a pod through, whichever container they are of, then one in five minutes', () => {
  const correlator = createEventCorrelator();
  const send = (seconds: number, container: string, name = 'p'): boolean =>
    correlator.correlate(event('m', { container, name }), at(seconds)).kind === 'count';
  const passed = Array.from({ length: 40 }, (_, index) => send(0, `c${index % 3}`)).filter(Boolean);
  expect(passed).toHaveLength(25);
  expect(send(299, 'a')).toBe(false);
  expect(send(300, 'a')).toBe(true);
  expect(send(300, 'a')).toBe(false);
  expect(send(300, 'a', 'q')).toBe(true);
  expect(Array.from({ length: 5 }, () => send(900, 'a')).filter(Boolean)).toHaveLength(2);
});
