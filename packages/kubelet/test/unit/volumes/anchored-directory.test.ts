import { chmod, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  makeDirectories,
  openDirectory,
  openDirectoryBelow,
} from '../../../src/volumes/anchored-directory.ts';
import { modeOf, temporaryDirectory } from './volume-fixtures.ts';

describe('an anchored directory', () => {
  test('makes directories and files with the modes that it is told', async () => {
    await using temporary = await temporaryDirectory();
    await using directory = await openDirectory(temporary.path);
    await using child = await directory.ensure('d', { mode: 0o777, owner: undefined });
    await child.writeFile('f', { data: Buffer.from('x'), mode: 0o640, owner: undefined });
    expect(await modeOf(join(temporary.path, 'd'))).toBe('777');
    expect(await modeOf(join(temporary.path, 'd/f'))).toBe('640');
    expect(await child.names()).toEqual(['f']);
    expect(await child.mode()).toBe(0o777);
  });

  test('opens what is there without changing it', async () => {
    await using temporary = await temporaryDirectory();
    await mkdir(join(temporary.path, 'd'));
    await chmod(join(temporary.path, 'd'), 0o750);
    await using directory = await openDirectory(temporary.path);
    await using _child = await directory.ensure('d', { mode: 0o777, owner: undefined });
    expect(await modeOf(join(temporary.path, 'd'))).toBe('750');
  });

  test('finishes a directory whose maker was killed before it had its mode', async () => {
    await using temporary = await temporaryDirectory();
    await mkdir(join(temporary.path, 'd'), { mode: 0o700 });
    await using directory = await openDirectory(temporary.path);
    await using _child = await directory.ensure('d', { mode: 0o777, owner: undefined });
    expect(await modeOf(join(temporary.path, 'd'))).toBe('777');
  });

  test.runIf(process.platform === 'linux')(
    'stays the same directory when its name leads elsewhere (on Linux)',
    async () => {
      await using temporary = await temporaryDirectory();
      await mkdir(join(temporary.path, 'volume'));
      await mkdir(join(temporary.path, 'elsewhere'));
      await using directory = await openDirectory(join(temporary.path, 'volume'));
      await rename(join(temporary.path, 'volume'), join(temporary.path, 'moved'));
      await symlink('elsewhere', join(temporary.path, 'volume'));
      await directory.writeFile('f', { data: Buffer.from('x'), mode: 0o644, owner: undefined });
      expect(await readdir(join(temporary.path, 'elsewhere'))).toEqual([]);
      expect(await readFile(join(temporary.path, 'moved/f'), 'utf8')).toBe('x');
    },
  );

  test('below a root is opened through no link, at no place of its path', async () => {
    await using temporary = await temporaryDirectory();
    const root = join(temporary.path, 'root');
    await mkdir(join(root, 'a/b/c'), { recursive: true });
    await mkdir(join(temporary.path, 'elsewhere/b'), { recursive: true });
    await symlink('../elsewhere', join(root, 'link'));
    await symlink('../../elsewhere', join(root, 'a/link'));
    for (const path of [root, join(root, 'a'), join(root, 'a/b/c')]) {
      await using directory = await openDirectoryBelow({ root, path });
      await makeDirectories(directory, ['new', 'newer'], { mode: 0o750, owner: undefined });
      expect(await modeOf(join(path, 'new/newer'))).toBe('750');
    }
    for (const path of ['link', 'link/b', 'a/link/b', 'a/link']) {
      await expect(openDirectoryBelow({ root, path: join(root, path) })).rejects.toThrow(/ENOTDIR|ELOOP/);
    }
    await expect(openDirectoryBelow({ root, path: join(temporary.path, 'elsewhere') })).rejects.toThrow(
      'not the name of an entry',
    );
  });

  test('goes through no symbolic link', async () => {
    await using temporary = await temporaryDirectory();
    await mkdir(join(temporary.path, 'real'));
    await symlink('real', join(temporary.path, 'link'));
    await writeFile(join(temporary.path, 'real/f'), 'precious');
    await symlink('real/f', join(temporary.path, 'file'));
    await using directory = await openDirectory(temporary.path);
    await expect(openDirectory(join(temporary.path, 'link'))).rejects.toThrow(/ENOTDIR|ELOOP/);
    await expect(directory.open('link')).rejects.toThrow(/ENOTDIR|ELOOP/);
    await expect(directory.ensure('link', { mode: 0o755, owner: undefined })).rejects.toThrow(
      /ENOTDIR|ELOOP/,
    );
    const file = { data: Buffer.from('x'), mode: 0o644, owner: undefined };
    await expect(directory.writeFile('file', file)).rejects.toThrow('EEXIST');
    expect(await readFile(join(temporary.path, 'real/f'), 'utf8')).toBe('precious');
  });

  test.each(['', '.', '..', 'a/b', '/etc', 'a\0'])('has no entry %j', async (name) => {
    await using temporary = await temporaryDirectory();
    await using directory = await openDirectory(temporary.path);
    expect(() => directory.entry(name)).toThrow(RangeError);
  });
});

describe('removal', () => {
  test('takes a tree and leaves what links in it lead to', async () => {
    await using temporary = await temporaryDirectory();
    await mkdir(join(temporary.path, 'tree/a/b'), { recursive: true });
    await writeFile(join(temporary.path, 'tree/a/b/f'), '');
    await mkdir(join(temporary.path, 'kept'));
    await writeFile(join(temporary.path, 'kept/f'), '');
    await symlink('../../kept', join(temporary.path, 'tree/a/link'));
    await using directory = await openDirectory(temporary.path);
    await directory.remove('tree');
    await directory.remove('tree');
    expect(await readdir(temporary.path)).toEqual(['kept']);
    expect(await readdir(join(temporary.path, 'kept'))).toEqual(['f']);
  });

  test('takes files and links by themselves', async () => {
    await using temporary = await temporaryDirectory();
    await writeFile(join(temporary.path, 'f'), '');
    await symlink('f', join(temporary.path, 'l'));
    await using directory = await openDirectory(temporary.path);
    await directory.remove('l');
    expect(await readdir(temporary.path)).toEqual(['f']);
    await directory.remove('f');
    expect(await readdir(temporary.path)).toEqual([]);
  });

  test.runIf(process.platform === 'linux')(
    'takes a tree that is deeper than any path can be long (on Linux)',
    async () => {
      await using temporary = await temporaryDirectory();
      await using top = await openDirectory(temporary.path);
      const options = { mode: 0o755, owner: undefined };
      const name = 'd'.repeat(200);
      let current = await top.ensure('tree', options);
      for (let depth = 0; depth < 60; depth++) {
        const next = await current.ensure(name, options);
        await current[Symbol.asyncDispose]();
        current = next;
      }
      await current[Symbol.asyncDispose]();
      await top.remove('tree');
      expect(await top.names()).toEqual([]);
    },
  );

  test('takes directories that nobody may enter', async () => {
    await using temporary = await temporaryDirectory();
    await mkdir(join(temporary.path, 'tree/locked/inner'), { recursive: true });
    await chmod(join(temporary.path, 'tree/locked'), 0o000);
    await using directory = await openDirectory(temporary.path);
    await directory.remove('tree');
    await expect(stat(join(temporary.path, 'tree'))).rejects.toThrow('ENOENT');
  });
});
