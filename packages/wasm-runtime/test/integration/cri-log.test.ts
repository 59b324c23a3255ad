import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { guests } from '../fixtures/guests.ts';
import { scratchDirectory, specOf } from '../fixtures/start-guest.ts';

const runtime = createRuntime();
afterAll(() => runtime[Symbol.asyncDispose]());

const line = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) (stdout|stderr) ([FP]) (.*)$/;
const MiB = 1024 * 1024;

/** The files of a run in the order in which they were written. */
async function filesOf(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).toSorted((a, b) =>
    a === '0.log' ? 1 : b === '0.log' ? -1 : a < b ? -1 : 1,
  );
}

describe('a log', () => {
  test('has the lines of both streams in the order in which they were written', async () => {
    await using directory = await scratchDirectory();
    const path = `${directory.path}/0.log`;
    const guest = await runtime.start(
      await specOf(guests.bothStreams, { output: { kind: 'cri-log', path } }),
    );
    expect(guest).not.toHaveProperty('stdout');
    await guest.exited;
    const lines = (await readFile(path, 'utf8')).split('\n').map((text) => line.exec(text)?.slice(2));
    expect(lines).toEqual([
      ['stdout', 'F', 'line'],
      ['stderr', 'F', 'line'],
      ['stdout', 'P', 'lin'],
      undefined,
    ]);
  });

  test('goes on where an earlier run of the same name ended', async () => {
    await using directory = await scratchDirectory();
    const output = { kind: 'cri-log', path: `${directory.path}/0.log` } as const;
    for (let run = 0; run < 2; run += 1) {
      await (await runtime.start(await specOf(guests.hello, { output }))).exited;
    }
    expect((await readFile(output.path, 'utf8')).match(/Hello, World!\n/g)).toHaveLength(2);
  });

  test('has all that was written when the guest is killed in a loop', async () => {
    await using directory = await scratchDirectory();
    const output = { kind: 'cri-log', path: `${directory.path}/0.log` } as const;
    const guest = await runtime.start(
      await specOf(guests.manyLinesThenLoop, { output, limits: { timeoutMs: 2000 } }),
    );
    await guest.exited;
    expect((await readFile(output.path, 'utf8')).match(/ F Hello, World!\n/g)).toHaveLength(4000);
  });

  test('of 50 MB rotates, keeps the newest files, and loses no line in them', async () => {
    await using directory = await scratchDirectory();
    const logs = `${directory.path}/logs`;
    await mkdir(logs);
    const output = { kind: 'cri-log', path: `${logs}/0.log`, maxBytes: 4 * MiB } as const;
    const lines = 500_000;
    const guest = await runtime.start(await specOf(guests.flood(lines), { output }));
    await expect(guest.exited).resolves.toMatchObject({ kind: 'exited', code: 0 });

    const names = await filesOf(logs);
    expect(names).toHaveLength(5);
    expect(names.slice(0, -1).every((name) => /^0\.log\.\d{8}-\d{6}(-\d+)?$/.test(name))).toBe(true);
    const sizes = await Promise.all(names.map(async (name) => (await stat(`${logs}/${name}`)).size));
    expect(Math.max(...sizes)).toBeLessThan(2 * 4 * MiB + MiB);

    const numbers: number[] = [];
    for (const name of names) {
      const text = await readFile(`${logs}/${name}`, 'utf8');
      for (const [, number] of text.matchAll(/stdout F (\d{8})\./g)) numbers.push(Number(number));
    }
    numbers.sort((a, b) => a - b);
    expect(numbers.at(-1)).toBe(lines - 1);
    expect(numbers.length).toBe(lines - (numbers[0] ?? 0));
  });
});
