import { mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { prepareHostPath } from '../../../src/volumes/host-path.ts';
import { modeOf, temporaryDirectory } from './volume-fixtures.ts';

const prepare = (path: string, type?: string, allowed: readonly string[] = ['/']): Promise<string> =>
  prepareHostPath('v', { path, ...(type === undefined ? {} : { type }) }, allowed);

describe('a hostPath', () => {
  test.each([
    ['', 'directory'],
    ['', 'file'],
    [undefined, 'file'],
    ['Directory', 'directory'],
    ['DirectoryOrCreate', 'directory'],
    ['File', 'file'],
    ['FileOrCreate', 'file'],
  ])('of type %j may be a %s', async (type, name) => {
    await using temporary = await temporaryDirectory();
    await mkdir(join(temporary.path, 'directory'));
    await writeFile(join(temporary.path, 'file'), '');
    expect(await prepare(join(temporary.path, name), type)).toBe(join(temporary.path, name));
  });

  test.each([
    ['Directory', 'file', 'is not a directory'],
    ['Directory', 'none', 'is not a directory'],
    ['DirectoryOrCreate', 'file', 'is not a directory'],
    ['File', 'directory', 'is not a file'],
    ['File', 'none', 'is not a file'],
    ['FileOrCreate', 'directory', 'is not a file'],
    ['Socket', 'file', 'is not a socket file'],
    ['CharDevice', 'file', 'is not a character device'],
    ['BlockDevice', 'file', 'is not a block device'],
  ])('of type %s is not a %s', async (type, name, message) => {
    await using temporary = await temporaryDirectory();
    await mkdir(join(temporary.path, 'directory'));
    await writeFile(join(temporary.path, 'file'), '');
    const path = join(temporary.path, name);
    await expect(prepare(path, type)).rejects.toMatchObject({
      code: 'HOST_PATH',
      message: `MountVolume.SetUp failed for volume "v" : hostPath type check failed: ${path} ${message}`,
    });
  });

  test('of type CharDevice may be a device', async () => {
    expect(await prepare('/dev/null', 'CharDevice')).toBe('/dev/null');
  });

  test('of type Socket may be a socket', async () => {
    await using temporary = await temporaryDirectory();
    const path = join(temporary.path, 's');
    const server = createServer().listen(path);
    await once(server, 'listening');
    expect(await prepare(path, 'Socket')).toBe(path);
    server.close();
    await once(server, 'close');
  });

  test('is made where its type says so, or where it has none', async () => {
    await using temporary = await temporaryDirectory();
    await prepare(join(temporary.path, 'a/b'), 'DirectoryOrCreate');
    expect(await modeOf(join(temporary.path, 'a/b'))).toBe('755');
    await prepare(join(temporary.path, 'f'), 'FileOrCreate');
    expect((await stat(join(temporary.path, 'f'))).isFile()).toBe(true);
    await prepare(join(temporary.path, 'c'));
    expect((await stat(join(temporary.path, 'c'))).isDirectory()).toBe(true);
  });

  test('says why it cannot be made', async () => {
    await using temporary = await temporaryDirectory();
    await expect(prepare(join(temporary.path, 'none/f'), 'FileOrCreate')).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('ENOENT') as string,
    });
  });

  test.each(['relative', '', '/a/../b', '/a\0'])('may not be %j', async (path) => {
    await expect(prepare(path)).rejects.toMatchObject({ code: 'INVALID' });
  });

  test('has no other types', async () => {
    await expect(prepare('/', 'Anything')).rejects.toThrow('hostPath has no type "Anything"');
  });

  test('is mounted where its links lead', async () => {
    await using temporary = await temporaryDirectory();
    await mkdir(join(temporary.path, 'real'));
    await symlink('real', join(temporary.path, 'link'));
    expect(await prepare(join(temporary.path, 'link'))).toBe(join(temporary.path, 'real'));
  });

  test('is made where its links lead, and nowhere when one leads to nothing', async () => {
    await using temporary = await temporaryDirectory();
    await mkdir(join(temporary.path, 'real'));
    await symlink('real', join(temporary.path, 'link'));
    await symlink('none', join(temporary.path, 'dangling'));
    expect(await prepare(join(temporary.path, 'link/new/'))).toBe(join(temporary.path, 'real/new'));
    expect((await stat(join(temporary.path, 'real/new'))).isDirectory()).toBe(true);
    await expect(prepare(join(temporary.path, 'dangling/new'))).rejects.toMatchObject({ code: 'IO' });
    expect(await readdir(temporary.path)).toEqual(['dangling', 'link', 'real']);
  });

  test('may be kept to some directories of the node, and links do not lead out of them', async () => {
    await using temporary = await temporaryDirectory();
    const allowed = join(temporary.path, 'allowed');
    await mkdir(join(allowed, 'sub'), { recursive: true });
    await mkdir(`${allowed}-not`);
    await symlink(`${allowed}-not`, join(allowed, 'link'));
    expect(await prepare(allowed, '', [allowed])).toBe(allowed);
    expect(await prepare(join(allowed, 'sub'), '', ['/none', allowed])).toBe(join(allowed, 'sub'));
    expect(await prepare(join(allowed, 'new/dir'), 'DirectoryOrCreate', [allowed])).toBe(
      join(allowed, 'new/dir'),
    );
    for (const path of [
      `${allowed}-not`,
      join(allowed, 'link'),
      join(allowed, 'link/new'),
      temporary.path,
      '/',
    ]) {
      await expect(prepare(path, '', [allowed])).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        message: expect.stringContaining(`hostPath ${path} is not among the paths`) as string,
      });
    }
    await expect(prepare('/', '', [])).rejects.toThrow('(none)');
  });
});
