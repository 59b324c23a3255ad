import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { finish, isolations, scratchDirectory, specIn } from '../fixtures/start-guest.ts';

const runtime = createRuntime();
afterAll(() => runtime[Symbol.asyncDispose]());

/** Ends with the first number that is no success, 0 without one. */
const flushesAll = `
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_sync" (func $sync (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_datasync" (func $datasync (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (data (i32.const 64) "file")
  (func $need (param $errno i32) (if (local.get $errno) (then (call $exit (local.get $errno)))))
  (func (export "_start")
    (call $need (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 4) (i32.const 1)
      (i64.const 0x51) (i64.const 0) (i32.const 0) (i32.const 0)))
    (call $need (call $sync (i32.load (i32.const 0))))
    (call $need (call $datasync (i32.load (i32.const 0))))
    (call $need (call $sync (i32.const 3)))
    (call $exit (call $sync (i32.const 1))))`;

describe.runIf(process.platform === 'linux').each(isolations)('isolation %s:', (isolation) => {
  test('files and directories are flushed, and a stream says that it cannot be', async () => {
    await using scratch = await scratchDirectory();
    const hostPath = join(scratch.path, 'data');
    await mkdir(hostPath);
    await using sandbox = await runtime.openSandbox({ id: 'flushing', directories: [hostPath] });
    const mounts = [{ hostPath, guestPath: '/data' }];
    const guest = await sandbox.start(await specIn(isolation)(flushesAll, { mounts }));
    // What fd_sync says of stdout: the right is missing.
    expect((await finish(guest)).exit).toMatchObject({ kind: 'exited', code: 76 });
  });
});
