import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDataDirectory } from '../../src/daemon/data-directory.ts';
import { openScratchDirectory, type ScratchDirectory } from '../../src/local/scratch-directory.ts';

const module = join(import.meta.dirname, '../../src/daemon/data-directory.ts');

describe('the data directory', () => {
  let scratch: ScratchDirectory;
  beforeAll(async () => {
    scratch = await openScratchDirectory();
  });
  afterAll(() => scratch[Symbol.asyncDispose]());

  test('is made with a place for keys that nobody else can enter', async () => {
    await using directory = await openDataDirectory(join(scratch.path, 'new', 'data'));
    expect((await stat(directory.certificates)).mode & 0o777).toBe(0o700);
  });

  test('is held by one at a time, and free again when that one lets go', async () => {
    const path = join(scratch.path, 'held');
    const first = await openDataDirectory(path);
    await expect(openDataDirectory(path)).rejects.toMatchObject({
      code: 'DATA_DIRECTORY_IN_USE',
      message: expect.stringContaining(path),
    });
    await first[Symbol.asyncDispose]();
    await using again = await openDataDirectory(path);
    expect(again.path).toBe(path);
  });

  test('is free again when its holder was killed', async () => {
    const path = join(scratch.path, 'killed');
    const program = `const { openDataDirectory } = await import(${JSON.stringify(module)});
      await openDataDirectory(${JSON.stringify(path)}); process.stdout.write('held'); setInterval(() => {}, 1e6);`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    await expect(openDataDirectory(path)).rejects.toMatchObject({ code: 'DATA_DIRECTORY_IN_USE' });
    holder.kill('SIGKILL');
    await once(holder, 'close');
    await using directory = await openDataDirectory(path);
    expect(directory.path).toBe(path);
  });

  test('that cannot be made is named, with the flag for another', async () => {
    const file = join(scratch.path, 'file');
    await writeFile(file, '');
    await expect(openDataDirectory(join(file, 'data'))).rejects.toMatchObject({
      code: 'DATA_DIRECTORY',
      message: expect.stringMatching(/file\/data.*--data-dir/),
    });
  });
});
