import { describe, expect, test } from 'vitest';
import { createBackoff } from '../../../src/containers/backoff.ts';
import { createCrashBackoff } from '../../../src/containers/crash-backoff.ts';
import { createImageBackoff } from '../../../src/containers/image-backoff.ts';
import type { Pod } from '../../../src/pods/pod.ts';

const at = (seconds: number): Date => new Date(seconds * 1000);

describe('a back-off', () => {
  test('lets the first event through and doubles from 10 s to 300 s', () => {
    const backoff = createBackoff();
    expect(backoff.remainingMs(at(0), at(0))).toBe(0);
    const delays = Array.from({ length: 7 }, () => {
      backoff.step(at(0));
      return backoff.delayMs / 1000;
    });
    expect(delays).toEqual([10, 20, 40, 80, 160, 300, 300]);
  });

  test('counts from the event, so that time which has passed is not waited again', () => {
    const backoff = createBackoff();
    backoff.step(at(0));
    expect(backoff.remainingMs(at(5), at(5))).toBe(10_000);
    expect(backoff.remainingMs(at(5), at(12))).toBe(3_000);
    expect(backoff.remainingMs(at(5), at(15))).toBe(0);
  });

  test('is forgotten ten minutes after its last step', () => {
    const backoff = createBackoff();
    for (let i = 0; i < 6; i++) backoff.step(at(0));
    expect(backoff.remainingMs(at(600), at(600))).toBe(300_000);
    expect(backoff.remainingMs(at(601), at(601))).toBe(0);
    backoff.step(at(601));
    expect(backoff.delayMs).toBe(10_000);
  });

  test('takes another range', () => {
    const backoff = createBackoff({ initialMs: 1_000, maxMs: 3_000 });
    for (let i = 0; i < 3; i++) backoff.step(at(0));
    expect(backoff.delayMs).toBe(3_000);
  });

  test('starts anew after a reset', () => {
    const backoff = createBackoff();
    backoff.step(at(0));
    backoff.step(at(0));
    backoff.reset();
    expect(backoff.remainingMs(at(0), at(0))).toBe(0);
    backoff.step(at(0));
    expect(backoff.delayMs).toBe(10_000);
  });
});

test('a crash back-off names delay, container and pod as upstream does', () => {
  const pod = { metadata: { name: 'web', namespace: 'shop', uid: 'u-1' }, spec: {} } as Pod;
  const backoff = createCrashBackoff();
  const messages = Array.from({ length: 6 }, () => {
    backoff.restarted(at(0));
    return backoff.message(pod, 'c');
  });
  expect(messages[0]).toBe('back-off 10s restarting failed container=c pod=web_shop(u-1)');
  expect(messages.map((message) => message.split(' ')[1])).toEqual([
    '10s',
    '20s',
    '40s',
    '1m20s',
    '2m40s',
    '5m0s',
  ]);
});

describe('the image back-off of a pod', () => {
  test('keeps images apart and remembers why they failed', () => {
    const backoff = createImageBackoff();
    backoff.failed('a', { reason: 'ErrImagePull', message: 'no' }, at(0));
    expect(backoff.remainingMs('a', at(4))).toBe(6_000);
    expect(backoff.remainingMs('b', at(4))).toBe(0);
    expect(backoff.failure('a')).toEqual({ reason: 'ErrImagePull', message: 'no' });
  });

  test('is over when the image has been pulled', () => {
    const backoff = createImageBackoff();
    backoff.failed('a', { reason: 'ErrImagePull', message: 'no' }, at(0));
    backoff.pulled('a');
    expect(backoff.remainingMs('a', at(0))).toBe(0);
    expect(backoff.failure('a')).toBeUndefined();
  });
});
