import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { componentOf, section } from '../fixtures/bytes.ts';

const hello = join(import.meta.dirname, '../../../../examples/hello-wasm/hello-wasm.wasm');

test("the README's example prints what it found", async () => {
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  // Below the package, so that it finds it by its name.
  const directory = await mkdtemp(join(import.meta.dirname, 'readme-'));
  const run = async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@wasmlet/source', 'example.ts'],
      { cwd: directory },
    );
    return stdout;
  };
  const file = join(directory, 'hello.wasm');
  try {
    await writeFile(join(directory, 'example.ts'), example);
    await copyFile(hello, file);
    expect(await run()).toBe(
      'a module that imports from wasi_snapshot_preview1\nmay now grow to 1024 pages\n',
    );
    await writeFile(file, componentOf(section(11, [0, 'wasi:cli/run@0.2.3', 5, 0, 0])));
    expect(await run()).toBe('a component with wasi:cli/run@0.2.3\n');
    await writeFile(file, 'no wasm');
    expect(await run()).toMatch(/^NOT_WASM at byte 0: /);
  } finally {
    await rm(directory, { recursive: true });
  }
});
