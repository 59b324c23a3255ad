import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { facts, startFactsServer } from './fixtures/facts-server.ts';
import { assemble, guestPath, textGuests } from './fixtures/guests.ts';
import type { FinishedProcess, ProcessOptions } from './fixtures/running-process.ts';
import { openScratchDirectory, type ScratchDirectory } from './fixtures/scratch-directory.ts';
import { runWasmlet, startWasmlet } from './fixtures/wasmlet.ts';

describe('wasmlet run', () => {
  const printer = guestPath('printer');
  let scratch: ScratchDirectory;
  let options: ProcessOptions;

  beforeAll(async () => {
    scratch = await openScratchDirectory('run');
    options = {
      cwd: scratch.path,
      env: { PATH: process.env['PATH'], HOME: scratch.path, HIDDEN: 'from guests' },
    };
  });
  afterAll(() => scratch?.[Symbol.asyncDispose]());

  const run = (...args: readonly string[]): Promise<FinishedProcess> => runWasmlet(['run', ...args], options);

  async function textGuest(name: keyof typeof textGuests): Promise<string> {
    const file = join(scratch.path, `${name}.wasm`);
    await writeFile(file, await assemble(textGuests[name]));
    return file;
  }

  test('prints what the guest prints and ends with its code', async () => {
    expect(await run(guestPath('hello-wasm'))).toMatchObject({
      code: 0,
      stdout: 'Hello, World!\n',
      stderr: '',
    });
    expect(await run(printer, 'complain', 'sorry', 'exit', '7')).toMatchObject({
      code: 7,
      stderr: 'sorry\n',
    });
  });

  test('takes its options before and after the module, and leaves what follows -- to the guest', async () => {
    const before = await run('-e', 'A=1', printer, 'env');
    const after = await run(printer, '-e', 'A=1', '--env=B=2', '--', 'env', 'args', '-e');
    expect(before).toMatchObject({ code: 0, stdout: 'env A=1\n' });
    expect(after.stdout).toMatch(
      /^env A=1\nenv B=2\narg 0 printer\.wasm\narg 1 env\narg 2 args\narg 3 -e\n$/,
    );
  });

  test('refuses an option that it does not know, and says so', async () => {
    const { code, stderr } = await run('--colour', printer);
    expect(code).toBe(125);
    expect(stderr).toContain('--colour');
  });

  test('passes stdin on', async () => {
    const { stdout } = await runWasmlet(['run', printer, 'stdin'], { ...options, input: 'through\n' });
    expect(stdout).toBe('through\n');
  });

  test('shows the directories that were given, and nothing else', async () => {
    await writeFile(join(scratch.path, 'note'), 'read me');
    const { stdout } = await run(
      printer,
      `--dir=${scratch.path}::/in::ro`,
      '--',
      'cat',
      '/in/note',
      'write',
      '/in/note',
      'x',
      'cat',
      '/etc/passwd',
      'cat',
      '/in/../etc/passwd',
      'env',
    );
    expect(stdout).toMatch(/^cat \/in\/note: read me$/m);
    expect(stdout).toMatch(/^write \/in\/note: failed/m);
    expect(stdout).toMatch(/^cat \/etc\/passwd: failed/m);
    expect(stdout).toMatch(/^cat \/in\/\.\.\/etc\/passwd: failed/m);
    expect(stdout).not.toContain('HIDDEN');
  });

  test('tells traps, memory, time and its own failures apart', async () => {
    expect(await run(await textGuest('trap'))).toMatchObject({
      code: 134,
      stderr: expect.stringContaining('unreachable'),
    });
    expect(await run(await textGuest('fourGigabytes'), '-W', 'max-memory-size=64Mi')).toMatchObject({
      code: 137,
    });
    expect(await run(await textGuest('loop'), '-W', 'timeout=300ms')).toMatchObject({ code: 124 });
    expect(await run(await textGuest('unknownImport'))).toMatchObject({
      code: 125,
      stderr: expect.stringContaining('mystery'),
    });
    expect(await run('missing.wasm')).toMatchObject({
      code: 125,
      stderr: expect.stringContaining('missing.wasm'),
    });
    await writeFile(join(scratch.path, 'text.wasm'), 'no module');
    expect(await run('text.wasm')).toMatchObject({ code: 125, stderr: expect.stringContaining('text.wasm') });
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends a looping guest at %s with %i', async (signal, code) => {
    await using running = startWasmlet(['run', printer, 'say', 'looping', 'loop'], options);
    await running.stdout.find(/^looping$/);
    running.kill(signal);
    expect(await running.exited).toEqual({ code, signal: null });
  });

  test('ends as a shell expects when nobody reads its output any more', async () => {
    await using running = startWasmlet(['run', await textGuest('yes')], options);
    await running.stdout.find(/^y$/);
    running.stdout.close();
    expect(await running.exited).toEqual({ code: 141, signal: null });
    expect(running.stderr.text).toBe('');
  });

  test('lets the guest reach the hosts that were named, and no others', async () => {
    await using server = await startFactsServer();
    const guest = [guestPath('cat-facts'), '-e', 'RUST_LOG=info', '-e', `CAT_FACTS_URL=${server.url}`];
    const denied = await run(...guest);
    expect(denied).toMatchObject({ code: 134, stderr: expect.stringContaining('Wasi error 7') });
    const elsewhere = await run(...guest, '-a', 'https://catfact.ninja/fact');
    expect(elsewhere).toMatchObject({
      code: 134,
      stderr: expect.stringContaining('Wasi error 7'),
    });
    expect(server.connections).toBe(0);

    await using allowed = startWasmlet(['run', ...guest, '-a', server.url], options);
    await allowed.stderr.find(new RegExp(`Cat Fact: ${facts[0]}`));
    expect(server.requests).toBe(1);
    allowed.kill('SIGINT');
    await allowed.exited;
  });
});
