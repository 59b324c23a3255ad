import { expect, test } from 'vitest';
import { createResponseBody } from '../../src/client/response-body.ts';

/** A transfer that keeps count of what it was told. */
function createTransfer() {
  const told: string[] = [];
  return {
    told,
    transfer: {
      pause: () => void told.push('pause'),
      resume: () => void told.push('resume'),
      abort: () => void told.push('abort'),
    },
  };
}

test('a body that comes byte by byte is paused as early as one that comes at once', () => {
  const { told, transfer } = createTransfer();
  const writer = createResponseBody(() => transfer);
  let pushed = 0;
  while (told.length === 0 && pushed < 100_000) {
    writer.push(Uint8Array.of(1));
    pushed += 1;
  }
  expect(told).toEqual(['pause']);
  expect(pushed).toBeLessThan(300);
});

test('a body that waits lets the transfer go on', async () => {
  const { told, transfer } = createTransfer();
  const writer = createResponseBody(() => transfer);
  const taken = writer.body.take(2);
  expect(told).toEqual(['resume']);
  writer.push(Uint8Array.of(1, 2, 3));
  await expect(taken).resolves.toEqual(Uint8Array.of(1, 2));
  writer.end();
  expect(writer.body.isRead).toBe(false);
  await expect(writer.body.take(2)).resolves.toEqual(Uint8Array.of(3));
  expect(writer.body.isRead).toBe(true);
  await expect(writer.body.take(2)).resolves.toBeUndefined();
});

test('closing ends a transfer that goes on, and no other', async () => {
  const open = createTransfer();
  createResponseBody(() => open.transfer).body.close();
  expect(open.told).toEqual(['abort']);

  const ended = createTransfer();
  const writer = createResponseBody(() => ended.transfer);
  writer.push(Uint8Array.of(1));
  writer.end();
  writer.body.close();
  expect(ended.told).toEqual([]);
  expect(writer.body.isRead).toBe(true);
});
