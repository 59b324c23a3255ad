import { readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime, type GuestSpec } from '../../src/index.ts';
import { commandGuests, commandOf } from '../fixtures/component/command-guests.ts';
import { finish, isolations, scratchDirectory, specIn } from '../fixtures/start-guest.ts';

describe.each(isolations)('a component in isolation %s', (isolation) => {
  const specOf = specIn(isolation);
  const runtime = createRuntime({ allowedIsolation: [isolation] });
  afterAll(() => runtime[Symbol.asyncDispose]());

  const start = async (guest: string, extra: Partial<GuestSpec> = {}) =>
    runtime.start(await specOf(await commandOf(guest), { name: 'web', ...extra }));
  const run = async (...guest: Parameters<typeof start>) => finish(await start(...guest));

  test('writes, and ends with 0 when its command succeeded', async () => {
    const { exit, stdout } = await run(commandGuests.hello);
    expect(exit).toMatchObject({ kind: 'exited', code: 0 });
    expect(stdout).toBe('Hello, World!\n');
  });

  test('writes its log without being suspended', async () => {
    await using directory = await scratchDirectory();
    const path = `${directory.path}/0.log`;
    const guest = await start(commandGuests.hello, { output: { kind: 'cri-log', path } });
    await expect(guest.exited).resolves.toMatchObject({ kind: 'exited', code: 0 });
    expect(await readFile(path, 'utf8')).toMatch(/ stdout F Hello, World!\n$/);
  });

  test('ends with 1 when its command failed', async () => {
    const { exit, stdout } = await run(commandGuests.failed);
    expect(exit).toMatchObject({ kind: 'exited', code: 1 });
    expect(stdout).toBe('Hello, World!\n');
  });

  test.each([
    [commandGuests.exit(0), 0],
    [commandGuests.exit(1), 1],
    [commandGuests.exitWithCode(42), 42],
  ])('ends with the code that it exits with (%#)', async (guest, code) => {
    expect((await run(guest)).exit).toMatchObject({ kind: 'exited', code });
  });

  test('is told its arguments', async () => {
    const { stdout } = await run(commandGuests.echoArgument, { args: ['web', 'one', 'grüße'] });
    expect(stdout).toBe('grüße');
  });

  test('reads its streamed standard input to the end', async () => {
    const guest = await start(commandGuests.echo, { stdin: 'stream' });
    const text = 'a line\n'.repeat(20_000);
    guest.stdin?.end(text);
    const { exit, stdout } = await finish(guest);
    expect(exit).toMatchObject({ kind: 'exited', code: 0 });
    expect(stdout).toBe(text);
  });

  test.skipIf(process.platform !== 'linux')('reads the files of its mounts, and no others', async () => {
    await using directory = await scratchDirectory();
    const mounts = [{ hostPath: directory.path, guestPath: '/data' }];
    expect((await run(commandGuests.greeting, { mounts })).exit).toMatchObject({ kind: 'exited', code: 1 });
    await writeFile(`${directory.path}/greeting`, 'Good evening');
    expect((await run(commandGuests.greeting, { mounts })).stdout).toBe('Good evening');
  });

  test('waits for time to pass', async () => {
    const before = performance.now();
    expect((await run(commandGuests.sleep(50))).exit).toMatchObject({ kind: 'exited', code: 0 });
    expect(performance.now() - before).toBeGreaterThanOrEqual(49);
  });

  test.each(['loop', 'sleep'] as const)('is stopped while it does not end by itself: %s', async (what) => {
    const guest = await start(what === 'loop' ? commandGuests.loop : commandGuests.sleep(3_600_000));
    await expect(guest.stop({ graceMs: 0 })).resolves.toMatchObject({ kind: 'killed' });
  });

  test('that traps is told of with the place', async () => {
    const { exit } = await run(commandGuests.boom);
    expect(exit).toMatchObject({ kind: 'trapped', trap: 'unreachable' });
    expect(exit.kind === 'trapped' && exit.message).toContain('wasm `unreachable` instruction executed');
  });

  test('that uses a handle which it has not got is ended by a trap', async () => {
    const { exit } = await run(commandGuests.forger);
    expect(exit).toMatchObject({ kind: 'trapped', trap: 'other' });
    expect(exit.kind === 'trapped' && exit.message).toContain('unknown handle index 7');
  });

  test('that takes more memory than it may is killed for that', async () => {
    const { exit } = await run(commandGuests.memoryHog, { limits: { memoryBytes: 4 * 1024 * 1024 } });
    expect(exit).toMatchObject({ kind: 'killed', reason: 'memory' });
  });

  test('has its calls traced and counted', async () => {
    const { exit, stderr } = await run(commandGuests.exit(1), { diagnostics: { trace: true } });
    expect(exit).toMatchObject({ kind: 'exited', code: 1 });
    expect(stderr).toBe('wasi:cli/exit#exit(1)\n');
    const written = await run(commandGuests.hello, { diagnostics: { trace: true } });
    expect(written.stderr).toMatch(/^wasi:cli\/stdout#get-stdout\(\) <\d+ µs> = 1\n/);
  });

  test('runs as often as is wanted at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => run(commandGuests.hello)));
    expect(all.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 4 }, () => 'Hello, World!\n'));
  });

  test('is refused when another function of it is to be called', async () => {
    await expect(start(commandGuests.hello, { entry: 'add' })).rejects.toMatchObject({ code: 'NO_ENTRY' });
  });

  test('calls what a host module provides', async () => {
    const url = new URL('../fixtures/things.host.ts', import.meta.url).href;
    await using providing = createRuntime({ allowedIsolation: [isolation], hostModules: [url] });
    const outcome = async (config: unknown) => {
      const reports: unknown[] = [];
      const spec = await specOf(await commandOf(commandGuests.unknownImport), {
        hostModules: [{ url, contract: 1, config }],
      });
      const guest = await providing.start(spec);
      guest.onReport(({ report }) => reports.push(report));
      return { ...(await finish(guest)), reports };
    };
    const { exit, reports } = await outcome(null);
    expect(exit).toMatchObject({ kind: 'exited', code: 0 });
    expect(reports).toEqual([{ loads: expect.any(Number) as number, memory: true }, { closed: true }]);
    expect((await outcome('throw')).exit).toMatchObject({
      kind: 'trapped',
      message: expect.stringContaining('nothing is done today') as unknown,
    });
  });

  test('is refused when it imports what nobody provides', async () => {
    await expect(start(commandGuests.unknownImport)).rejects.toMatchObject({
      code: 'UNKNOWN_IMPORT',
      message: expect.stringContaining('unknown:host/things@1.0.0#do-it') as unknown,
    });
  });
});
