import {
  chmod,
  lchown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDirectory } from '../../../src/volumes/anchored-directory.ts';
import { writeAtomically } from '../../../src/volumes/atomic-writer.ts';
import type { Payload } from '../../../src/volumes/payload.ts';
import { isRoot, modeOf, payloadOf, temporaryDirectory, visibleFiles } from './volume-fixtures.ts';

const now = new Date('2026-11-24T08:52:57.123Z');

async function write(path: string, payload: Payload): Promise<boolean> {
  await using directory = await openDirectory(path);
  return await writeAtomically(directory, payload, now);
}

describe('the atomic writer', () => {
  test('lays files out as upstream does', async () => {
    await using volume = await temporaryDirectory();
    expect(await write(volume.path, payloadOf({ a: '1', 'd/e/f': '2' }))).toBe(true);
    const data = await readlink(join(volume.path, '..data'));
    expect(data).toMatch(/^\.\.2026_11_24_08_52_57\.\d{10}$/);
    expect(await readdir(volume.path)).toEqual(['..data', data, 'a', 'd'].toSorted());
    expect(await readlink(join(volume.path, 'a'))).toBe('..data/a');
    expect(await readlink(join(volume.path, 'd'))).toBe('..data/d');
    expect(await readFile(join(volume.path, 'd/e/f'), 'utf8')).toBe('2');
  });

  test('gives files their modes and directories 0755, whatever the umask', async () => {
    await using volume = await temporaryDirectory();
    const before = process.umask(0o077);
    try {
      await write(
        volume.path,
        new Map([...payloadOf({ a: '1' }, 0o400), ...payloadOf({ 'd/b': '2' }, 0o666)]),
      );
    } finally {
      process.umask(before);
    }
    expect(await modeOf(join(volume.path, '..data/a'))).toBe('400');
    expect(await modeOf(join(volume.path, '..data/d/b'))).toBe('666');
    expect(await modeOf(join(volume.path, '..data/d'))).toBe('755');
    expect(await modeOf(`${volume.path}/..data/.`)).toBe('755');
  });

  test('leaves everything alone when nothing has changed', async () => {
    await using volume = await temporaryDirectory();
    await write(volume.path, payloadOf({ a: '1', 'd/e': '2' }));
    const before = await readlink(join(volume.path, '..data'));
    expect(await write(volume.path, payloadOf({ a: '1', 'd/e': '2' }))).toBe(false);
    expect(await readlink(join(volume.path, '..data'))).toBe(before);
  });

  test.each<[string, Record<string, string>, number?]>([
    ['content', { a: '2', 'd/e': '2' }],
    ['content of another length', { a: '11', 'd/e': '2' }],
    ['a new file', { a: '1', 'd/e': '2', b: '3' }],
    ['a file that is gone', { a: '1' }],
    ['another directory', { a: '1', 'c/e': '2' }],
    ['a directory instead of a file', { 'a/b': '1', 'd/e': '2' }],
    ['a file instead of a directory', { a: '1', d: '2' }],
    ['nothing at all', {}],
    ['modes', { a: '1', 'd/e': '2' }, 0o600],
  ])('swaps for %s, and nothing stale stays', async (_title, files, mode) => {
    await using volume = await temporaryDirectory();
    await write(volume.path, payloadOf({ a: '1', 'd/e': '2' }));
    const before = await readlink(join(volume.path, '..data'));
    expect(await write(volume.path, payloadOf(files, mode))).toBe(true);
    const after = await readlink(join(volume.path, '..data'));
    expect(after).not.toBe(before);
    expect(await visibleFiles(volume.path)).toEqual(files);
    const names = (await readdir(volume.path)).filter((name) => name.startsWith('..'));
    expect(names.toSorted()).toEqual(['..data', after].toSorted());
  });

  test('cleans up what a killed writer left: half a payload, an unused link, old data', async () => {
    await using volume = await temporaryDirectory();
    await write(volume.path, payloadOf({ a: '1' }));
    await mkdir(join(volume.path, '..2026_01_01_00_00_00.0000000001/deep'), { recursive: true });
    await writeFile(join(volume.path, '..2026_01_01_00_00_00.0000000001/deep/half'), 'ha');
    await symlink('..2026_01_01_00_00_00.0000000001', join(volume.path, '..data_tmp'));
    expect(await write(volume.path, payloadOf({ a: '2' }))).toBe(true);
    const data = await readlink(join(volume.path, '..data'));
    expect((await readdir(volume.path)).toSorted()).toEqual(['..data', data, 'a'].toSorted());
    expect(await visibleFiles(volume.path)).toEqual({ a: '2' });
  });

  test('finishes what was killed between the swap and the visible names', async () => {
    await using volume = await temporaryDirectory();
    const data = '..2026_01_01_00_00_00.0000000001';
    await mkdir(join(volume.path, data));
    await writeFile(join(volume.path, data, 'a'), '1');
    await chmod(join(volume.path, data, 'a'), 0o644);
    await symlink(data, join(volume.path, '..data'));
    await symlink('..data/stale', join(volume.path, 'stale'));
    expect(await write(volume.path, payloadOf({ a: '1' }))).toBe(false);
    expect(await visibleFiles(volume.path)).toEqual({ a: '1' });
    expect((await readdir(volume.path)).toSorted()).toEqual(['..data', data, 'a'].toSorted());
  });

  test('readers never see old and new files mixed', async () => {
    await using volume = await temporaryDirectory();
    await write(volume.path, payloadOf({ a: '0', b: '0' }));
    let writing = true;
    const seen = new Set<string>();
    const reading = (async () => {
      while (writing) {
        // One resolution of ..data, as of somebody who opens the directory and reads below it.
        const data = await readlink(join(volume.path, '..data'));
        const both = await Promise.all(
          ['a', 'b'].map((name) => readFile(join(volume.path, data, name), 'utf8').catch(() => 'gone')),
        );
        if (!both.includes('gone')) seen.add(both.join(''));
      }
    })();
    for (let round = 1; round <= 40; round++) {
      await write(volume.path, payloadOf({ a: String(round % 10), b: String(round % 10) }));
    }
    writing = false;
    await reading;
    expect([...seen].filter(([a, b]) => a !== b)).toEqual([]);
    expect(seen.size).toBeGreaterThan(1);
  });

  test('puts right what somebody has changed in the volume', async () => {
    await using volume = await temporaryDirectory();
    await write(volume.path, payloadOf({ a: '1' }));
    await writeFile(join(volume.path, 'a'), 'tampered');
    await writeFile(join(volume.path, 'added'), 'x');
    expect(await write(volume.path, payloadOf({ a: '1' }))).toBe(true);
    expect(await visibleFiles(volume.path)).toEqual({ a: '1' });
  });

  test('does not follow links that somebody has put in its way', async () => {
    await using outside = await temporaryDirectory();
    await writeFile(join(outside.path, 'a'), 'precious');
    await using volume = await temporaryDirectory();
    await symlink(outside.path, join(volume.path, '..data'));
    await symlink(outside.path, join(volume.path, '..data_tmp'));
    await symlink(outside.path, join(volume.path, 'd'));
    await symlink(outside.path, join(volume.path, 'stale'));
    await write(volume.path, payloadOf({ a: '1', 'd/a': '2' }));
    expect(await visibleFiles(volume.path)).toEqual({ a: '1', 'd/a': '2' });
    expect(await readdir(outside.path)).toEqual(['a']);
    expect(await readFile(join(outside.path, 'a'), 'utf8')).toBe('precious');
  });

  test('does not take foreign data for its own because of a link inside', async () => {
    await using outside = await temporaryDirectory();
    await writeFile(join(outside.path, 'secret'), '1', { mode: 0o644 });
    await using volume = await temporaryDirectory();
    const data = '..2026_01_01_00_00_00.0000000001';
    await mkdir(join(volume.path, data));
    await symlink(join(outside.path, 'secret'), join(volume.path, data, 'a'));
    await symlink(data, join(volume.path, '..data'));
    expect(await write(volume.path, payloadOf({ a: '1' }))).toBe(true);
    expect((await lstat(join(volume.path, '..data/a'))).isFile()).toBe(true);
  });

  test.skipIf(!isRoot)('gives everything to the owner of the volume (as root only)', async () => {
    await using volume = await temporaryDirectory();
    await lchown(volume.path, 54_321, 54_322);
    await write(volume.path, payloadOf({ a: '1', 'd/e': '2' }));
    const entries = await readdir(volume.path, { recursive: true });
    expect(entries.length).toBeGreaterThan(5);
    for (const entry of entries) {
      const { uid, gid } = await lstat(join(volume.path, entry));
      expect([entry, uid, gid]).toEqual([entry, 54_321, 54_322]);
    }
  });
});
