import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test("the README's example runs a pod and prints its phase", async () => {
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  // Below the package, so that it finds it by its name.
  const directory = await mkdtemp(join(import.meta.dirname, 'readme-'));
  try {
    await writeFile(join(directory, 'example.ts'), example);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@wasmlet/source', 'example.ts'],
      { cwd: directory, env: { ...process.env, TMPDIR: directory } },
    );
    expect(stdout).toBe('Succeeded Hello, World!\n');
  } finally {
    await rm(directory, { recursive: true });
  }
});
