import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { emptyModule } from '../fixtures/artifacts.ts';
import { startTestRegistry } from '../registry/start-test-registry.ts';

test("the README's example prints what it found", async () => {
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  await using registry = await startTestRegistry();
  // Below the package, so that it finds it by its name.
  const directory = await mkdtemp(join(import.meta.dirname, 'readme-'));
  try {
    await writeFile(join(directory, 'example.ts'), example);
    await writeFile(join(directory, 'hello.wasm'), emptyModule);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@wasmlet/source', 'example.ts', `${registry.host}/team/hello:v1`],
      { cwd: directory },
    );
    expect(stdout).toBe('cncf module, 8 bytes, valid: true\n');
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('the README tells of all codes of errors', async () => {
  const [readme, errors] = await Promise.all(
    ['README.md', 'src/errors.ts'].map((file) => readFile(join(import.meta.dirname, '../..', file), 'utf8')),
  );
  const codes = [...(errors ?? '').matchAll(/\| '([A-Z_]+)'/g)].map(([, code]) => code);
  expect(codes).toContain('CLOSED');
  const table = readme?.split('## Errors')[1]?.split('\n## ')[0] ?? '';
  const told = [...table.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code);
  expect(new Set(told)).toEqual(new Set(codes));
  expect(told).toHaveLength(codes.length);
});
