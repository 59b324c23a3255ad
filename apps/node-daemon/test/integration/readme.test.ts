import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { openScratchDirectory } from '../../src/local/scratch-directory.ts';

const repository = join(import.meta.dirname, '../../../..');
const cli = join(import.meta.dirname, '../../src/cli.ts');

test("the README's example runs a module and shows what it is", async () => {
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  const [, example = ''] = /```sh example\n(.*?)```/s.exec(readme) ?? [];
  await using bin = await openScratchDirectory();
  const command = `#!/bin/sh\nexec "${process.execPath}" --conditions=@wasmlet/source "${cli}" "$@"\n`;
  await writeFile(join(bin.path, 'wasmlet'), command, { mode: 0o755 });
  const { stdout, stderr } = await promisify(execFile)('sh', ['-euc', example], {
    cwd: repository,
    env: { PATH: `${bin.path}:${process.env['PATH']}`, HOME: bin.path },
  });
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^Hello, World!\n.*hello-wasm\.wasm: core module, \d+ bytes\n/);
  expect(stdout).toContain('import function wasi_snapshot_preview1 fd_write\n');
});
