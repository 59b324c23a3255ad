import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import wabt from 'wabt';
import { expect, test } from 'vitest';
import { openCommandLine } from '../fixtures/command-line.ts';

/** Says hello, spins for a while, and exits with 3. */
const text = `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (data (i32.const 0) "\\08\\00\\00\\00\\06\\00\\00\\00hello\\0a")
  (func $spin (param $left i32)
    (loop $again (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
  (func (export "_start")
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))
    (call $spin (i32.const 100000000))
    (call $exit (i32.const 3))))`;

async function assemble(): Promise<Uint8Array> {
  const module = (await wabt()).parseWat('guest.wat', text);
  try {
    return module.toBinary({ write_debug_names: true }).buffer;
  } finally {
    module.destroy();
  }
}

test.each(['process', 'thread'])(
  'run --trace shows the calls of a guest, isolation %s',
  async (isolation) => {
    await using commandLine = await openCommandLine();
    await writeFile(join(commandLine.directory, 'guest.wasm'), await assemble());
    const { code, stdout, stderr } = await commandLine.run([
      'run',
      '--trace',
      '--isolation',
      isolation,
      'guest.wasm',
    ]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: 'hello\n' });
    expect(stderr).toMatch(/^fd_write\(1, 0, 1, 64\) <\d+ µs> = success\nproc_exit\(3\)\n$/);
  },
);

test('run --profile writes what devtools open, in which the guest is seen by its names', async () => {
  await using commandLine = await openCommandLine();
  const { directory } = commandLine;
  await writeFile(join(directory, 'guest.wasm'), await assemble());
  const { code, stderr } = await commandLine.run(['run', '--profile', 'guest.cpuprofile', 'guest.wasm']);
  expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
  const profile = JSON.parse(await readFile(join(directory, 'guest.cpuprofile'), 'utf8')) as {
    readonly nodes: readonly { readonly callFrame: { readonly functionName: string } }[];
    readonly startTime: number;
    readonly endTime: number;
  };
  expect(profile.nodes.map(({ callFrame }) => callFrame.functionName)).toContain('spin');
  expect(profile.endTime).toBeGreaterThan(profile.startTime);
});

test('run --profile of a guest that is ended says that there is none', async () => {
  await using commandLine = await openCommandLine();
  await writeFile(join(commandLine.directory, 'guest.wasm'), await assemble());
  const args = ['run', '--profile', 'guest.cpuprofile', '-W', 'timeout=1ms', 'guest.wasm'];
  const { code, stderr } = await commandLine.run(args);
  expect(code).toBe(124);
  expect(stderr).toContain('no profile in guest.cpuprofile');
});
