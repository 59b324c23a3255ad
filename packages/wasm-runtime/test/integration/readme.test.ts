import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { assemble, guests } from '../fixtures/guests.ts';

test("the README's example prints what it says", async () => {
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  // Below the package, so that it finds it by its name.
  const directory = await mkdtemp(join(import.meta.dirname, 'readme-'));
  try {
    await writeFile(join(directory, 'example.ts'), example);
    await writeFile(join(directory, 'hello.wasm'), await assemble(guests.greeting));
    await mkdir(join(directory, 'data'));
    await writeFile(join(directory, 'data/greeting'), 'Hello, World!\n');
    await chmod(directory, 0o755); // for the guest's user
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@wasmlet/source', 'example.ts'],
      { cwd: directory },
    );
    expect(stdout).toMatch(/^Hello, World!\n \{\s+kind: 'exited',\s+code: 0,\s+finishedAt: /);
  } finally {
    await rm(directory, { recursive: true });
  }
});
