import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { serve } from '../fixtures/http-server.ts';

test("the README's example prints a fact", async () => {
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  await using server = await serve((_request, response) => response.end('{ "fact": "Cats sleep." }'));
  // Below the package, so that it finds it by its name.
  const directory = await mkdtemp(join(import.meta.dirname, 'readme-'));
  try {
    await writeFile(join(directory, 'example.ts'), example);
    await copyFile(
      join(import.meta.dirname, '../../../../examples/cat-facts/cat-facts.wasm'),
      join(directory, 'cat-facts.wasm'),
    );
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@wasmlet/source', 'example.ts', `${server.url}/fact`],
      { cwd: directory },
    );
    expect(stdout).toMatch(/^\[.* INFO {2}rust_wasm\] Cat Fact: Cats sleep\.\n$/);
  } finally {
    await rm(directory, { recursive: true });
  }
});
