import { readdir, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../../src/index.ts';
import { guests } from '../../fixtures/guests.ts';
import { finish, scratchDirectory, specOf } from '../../fixtures/start-guest.ts';

const runtime = createRuntime();
afterAll(() => runtime[Symbol.asyncDispose]());
const MiB = 1024 * 1024;
const endless = guests.flood(100_000_000);

describe('a guest that writes without end', () => {
  test('is killed at its limit, and all that it wrote until then is there', async () => {
    const spec = await specOf(endless, { limits: { outputBytes: 10 * MiB + 1 } });
    const { exit, stdout } = await finish(await runtime.start(spec));
    expect(exit).toMatchObject({
      kind: 'killed',
      reason: 'output',
      message: `wrote more than ${10 * MiB + 1} bytes`,
    });
    expect(stdout).toHaveLength(10 * MiB + 1);
    expect(stdout.slice(10_485_700, 10_485_709)).toBe('00104857.');
  });

  test('is killed at its limit while it writes its own log', async () => {
    await using directory = await scratchDirectory();
    const output = { kind: 'cri-log', path: `${directory.path}/0.log` } as const;
    const spec = await specOf(endless, { output, limits: { outputBytes: MiB } });
    const guest = await runtime.start(spec);
    await expect(guest.exited).resolves.toMatchObject({ kind: 'killed', reason: 'output' });
    const { size } = await stat(output.path);
    expect(size).toBeGreaterThan(MiB);
    expect(size).toBeLessThan(2 * MiB);
  });

  test('waits while nobody reads, and is ended all the same', async () => {
    const guest = await runtime.start(await specOf(endless, { limits: { timeoutMs: 500 } }));
    await expect(guest.exited).resolves.toMatchObject({ kind: 'killed', reason: 'timeout' });
    const stdout = guest.stdout as Readable;
    expect(stdout.readableLength).toBeLessThan(MiB);
    stdout.destroy();
    guest.stderr?.destroy();
  });

  test('leaves a bounded number of bounded logs', async () => {
    await using directory = await scratchDirectory();
    const output = { kind: 'cri-log', path: `${directory.path}/0.log`, maxBytes: MiB, maxFiles: 3 } as const;
    const guest = await runtime.start(await specOf(endless, { output, limits: { timeoutMs: 1_500 } }));
    await guest.exited;
    const names = await readdir(directory.path);
    expect(names.length).toBeLessThanOrEqual(3);
    for (const name of names) expect((await stat(`${directory.path}/${name}`)).size).toBeLessThan(3 * MiB);
  });
});
