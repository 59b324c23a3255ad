import { writeFile } from 'node:fs/promises';
import process from 'node:process';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { guests } from '../fixtures/guests.ts';
import { finish, isolations, scratchDirectory, specIn } from '../fixtures/start-guest.ts';

describe.each(isolations)('isolation %s: a guest that reads its standard input', (isolation) => {
  const runtime = createRuntime({ allowedIsolation: [isolation] });
  afterAll(() => runtime[Symbol.asyncDispose]());

  test.runIf(process.platform === 'linux')('is given a file', async () => {
    await using directory = await scratchDirectory();
    const content = 'line\n'.repeat(50_000);
    const file = `${directory.path}/input`;
    await writeFile(file, content);
    const guest = await runtime.start(await specIn(isolation)(guests.echo, { stdin: { file } }));
    expect(guest).not.toHaveProperty('stdin');
    const { exit, stdout } = await finish(guest);
    expect(stdout).toBe(content);
    expect(exit).toMatchObject({ kind: 'exited', code: content.length % 251 });
  });

  test('cannot start without that file', async () => {
    const spec = await specIn(isolation)(guests.echo, { stdin: { file: '/missing' } });
    await expect(runtime.start(spec)).rejects.toMatchObject({ code: 'INVALID_MOUNT' });
  });

  test('has none, and is at the end of it at once', async () => {
    const { exit } = await finish(await runtime.start(await specIn(isolation)(guests.echo)));
    expect(exit).toMatchObject({ kind: 'exited', code: 0 });
  });

  test.each([false, true])('is stopped while it waits for more, as a terminal: %s', async (tty) => {
    const guest = await runtime.start(await specIn(isolation)(guests.echo, { stdin: 'stream', tty }));
    guest.stdin?.write('something');
    await new Promise((resolve) => guest.stdout?.once('data', resolve));
    const begin = performance.now();
    expect(await guest.stop({ graceMs: 0 })).toMatchObject({ kind: 'killed', reason: 'stop' });
    expect(performance.now() - begin).toBeLessThan(1_000);
  });
});
