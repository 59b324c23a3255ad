import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { guests } from '../fixtures/guests.ts';
import { finish, isolations, specIn } from '../fixtures/start-guest.ts';

describe.each(isolations)('isolation %s:', (isolation) => {
  const specOf = specIn(isolation);
  const runtime = createRuntime({ allowedIsolation: [isolation] });
  afterAll(() => runtime[Symbol.asyncDispose]());

  describe('streamed output', () => {
    test('holds the guest back while nobody reads, and has every byte in order in the end', async () => {
      const lines = 100_000;
      const guest = await runtime.start(await specOf(guests.flood(lines)));
      const before = process.memoryUsage().external;
      const ended = await Promise.race([
        guest.exited,
        new Promise((resolve) => setTimeout(resolve, 500, 'waits')),
      ]);
      expect(ended).toBe('waits');
      expect(process.memoryUsage().external - before).toBeLessThan(20 * 1024 * 1024);
      const { exit, stdout } = await finish(guest);
      expect(exit).toMatchObject({ kind: 'exited', code: 0 });
      const numbers = stdout.split('\n').map((text) => Number(text.slice(0, 8)));
      expect(numbers.slice(0, -1)).toEqual(Array.from({ length: lines }, (_, index) => index));
    });

    test('has all that was written when the guest never returns', async () => {
      const guest = await runtime.start(await specOf(guests.manyLinesThenLoop));
      let bytes = 0;
      for await (const chunk of guest.stdout as AsyncIterable<Uint8Array>) {
        bytes += chunk.length;
        if (bytes === 4000 * 14) break;
      }
      expect(bytes).toBe(4000 * 14);
      await guest.stop({ graceMs: 0 });
    });

    test('has all that was written when the guest is killed at once', async () => {
      const guest = await runtime.start(await specOf(guests.helloThenLoop));
      await once(guest.stdout as Readable, 'readable');
      await guest.stop({ graceMs: 0 });
      const { stdout } = await finish(guest);
      expect(stdout).toBe('Hello, World!\n');
    });

    test('that nobody wants any more does not hold the guest back', async () => {
      const guest = await runtime.start(await specOf(guests.flood(100_000)));
      guest.stdout?.destroy();
      await expect(guest.exited).resolves.toMatchObject({ kind: 'exited', code: 0 });
    });
  });

  describe('streamed input', () => {
    test('reaches the guest whole, with back-pressure', async () => {
      const guest = await runtime.start(await specOf(guests.echo, { stdin: 'stream' }));
      const stdin = guest.stdin as Writable;
      const sent = Buffer.alloc(2_000_003, 'abcdefghijk');
      const finished = finish(guest);
      for (let at = 0; at < sent.length; at += 100_000) {
        if (!stdin.write(sent.subarray(at, at + 100_000))) await once(stdin, 'drain');
      }
      stdin.end();
      const { exit, stdout } = await finished;
      expect(stdout).toBe(sent.toString());
      expect(exit).toMatchObject({ kind: 'exited', code: sent.length % 251 });
    });

    test('that ends at once is an end-of-file', async () => {
      const guest = await runtime.start(await specOf(guests.echo, { stdin: 'stream' }));
      guest.stdin?.end();
      await expect(guest.exited).resolves.toMatchObject({ kind: 'exited', code: 0 });
    });

    test('is an end-of-file where the spec gives none', async () => {
      const guest = await runtime.start(await specOf(guests.echo));
      expect(guest).not.toHaveProperty('stdin');
      await expect(guest.exited).resolves.toMatchObject({ kind: 'exited', code: 0 });
    });

    test('that is written to a guest that has ended is dropped', async () => {
      const guest = await runtime.start(await specOf(guests.exitCode(0), { stdin: 'stream' }));
      const stdin = guest.stdin as Writable;
      stdin.on('error', () => {});
      await guest.exited;
      stdin.write('too late');
      expect(stdin.destroyed).toBe(true);
    });
  });
});
