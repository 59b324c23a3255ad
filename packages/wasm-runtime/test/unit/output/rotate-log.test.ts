import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { rotateLog } from '../../../src/output/rotate-log.ts';
import { scratchDirectory } from '../../fixtures/start-guest.ts';

const now = new Date(Date.UTC(2026, 0, 2, 3, 4, 5));

describe('rotating a log', () => {
  test('renames it by the time and leaves an empty one of the same mode', async () => {
    await using scratch = await scratchDirectory();
    const path = `${scratch.path}/0.log`;
    await writeFile(path, 'old', { mode: 0o640 });
    await rotateLog({ path, maxBytes: 3 }, now);
    expect(await readFile(`${path}.20260102-030405`, 'utf8')).toBe('old');
    expect(await stat(path)).toMatchObject({ size: 0, mode: 0o100640 });
    expect(await readdir(scratch.path)).toHaveLength(2);
  });

  test('leaves one below its size alone', async () => {
    await using scratch = await scratchDirectory();
    const path = `${scratch.path}/0.log`;
    await writeFile(path, 'old');
    await rotateLog({ path, maxBytes: 4 }, now);
    expect(await readdir(scratch.path)).toEqual(['0.log']);
  });

  test('twice within a second keeps both, and the oldest beyond the number goes', async () => {
    await using scratch = await scratchDirectory();
    const path = `${scratch.path}/0.log`;
    for (const text of ['a', 'b', 'c', 'd']) {
      await writeFile(path, text);
      await rotateLog({ path, maxBytes: 1, maxFiles: 3 }, now);
    }
    expect((await readdir(scratch.path)).toSorted()).toEqual([
      '0.log',
      '0.log.20260102-030405-2',
      '0.log.20260102-030405-3',
    ]);
    expect(await readFile(`${path}.20260102-030405-3`, 'utf8')).toBe('d');
  });

  test('does not touch the files of other runs', async () => {
    await using scratch = await scratchDirectory();
    await mkdir(`${scratch.path}/10.log.20250102-030405`);
    for (const other of ['1.log', '10.log', '0.log.bak', '0.log.20260102-030405.gz']) {
      await writeFile(`${scratch.path}/${other}`, '');
    }
    const path = `${scratch.path}/0.log`;
    await writeFile(path, 'old');
    await rotateLog({ path, maxBytes: 1, maxFiles: 2 }, now);
    expect(await readdir(scratch.path)).toHaveLength(7);
  });
});
