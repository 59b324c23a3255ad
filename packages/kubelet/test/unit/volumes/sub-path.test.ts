import { lchown, lstat, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expand } from '../../../src/containers/expansion.ts';
import { resolveSubPath, subPathOf } from '../../../src/volumes/sub-path.ts';
import { isRoot, modeOf, temporaryDirectory } from './volume-fixtures.ts';

const env = [
  { name: 'POD', value: 'p' },
  { name: 'UP', value: '..' },
  { name: 'ROOT', value: '/etc' },
  { name: 'EMPTY', value: '' },
  { name: 'TICK', value: '`id`' },
];
const subPath = (mount: { subPath?: string; subPathExpr?: string }): string | undefined =>
  subPathOf(mount, (text) => expand(text, env));

describe('the subPath of a mount', () => {
  test.each([
    [{}, undefined],
    [{ subPath: '' }, undefined],
    [{ subPath: 'a/b' }, 'a/b'],
    [{ subPath: '$(POD)' }, '$(POD)'],
    [{ subPath: 'a..b/...' }, 'a..b/...'],
    [{ subPathExpr: 'logs/$(POD)' }, 'logs/p'],
    [{ subPathExpr: '$$(POD)' }, '$(POD)'],
  ])('%j is %j', (mount, expected) => {
    expect(subPath(mount)).toBe(expected);
  });

  test.each([
    [{ subPath: '/etc' }, 'error SubPath `/etc` must not be an absolute path'],
    [{ subPath: '..' }, "unable to provision SubPath `..`: must not contain '..'"],
    [{ subPath: 'a/../b' }, "unable to provision SubPath `a/../b`: must not contain '..'"],
    [{ subPathExpr: '$(UP)' }, "unable to provision SubPath `..`: must not contain '..'"],
    [{ subPathExpr: 'a/$(UP)/$(UP)' }, "must not contain '..'"],
    [{ subPathExpr: '$(ROOT)' }, 'error SubPath `/etc` must not be an absolute path'],
    [{ subPathExpr: '$(TICK)' }, "must not contain '`'"],
    [{ subPathExpr: '$(NONE)/$(EMPTY)/$(POD)/$(NONE)' }, 'missing value for EMPTY, NONE'],
  ])('%j is refused with upstream’s words', (mount, message) => {
    expect(() => subPath(mount)).toThrow(
      expect.objectContaining({ name: 'ConfigError', message: expect.stringContaining(message) as string }),
    );
  });
});

const placeOf = (path: string) => ({ root: tmpdir(), path });

describe('resolving a subPath', () => {
  test('makes what is missing with the volume’s mode', async () => {
    await using volume = await temporaryDirectory();
    const before = process.umask(0o077);
    try {
      expect(await resolveSubPath(placeOf(volume.path), 'a/b//c/.')).toBe(join(volume.path, 'a/b/c'));
    } finally {
      process.umask(before);
    }
    expect(await modeOf(join(volume.path, 'a/b/c'))).toBe(await modeOf(volume.path));
  });

  test('finds files and directories that exist', async () => {
    await using volume = await temporaryDirectory();
    await writeFile(join(volume.path, 'f'), '');
    expect(await resolveSubPath(placeOf(volume.path), 'f')).toBe(join(volume.path, 'f'));
  });

  test('follows links within the volume and returns where they lead', async () => {
    await using volume = await temporaryDirectory();
    await mkdir(join(volume.path, 'real/inner'), { recursive: true });
    await symlink('real', join(volume.path, 'link'));
    expect(await resolveSubPath(placeOf(volume.path), 'link/inner')).toBe(join(volume.path, 'real/inner'));
    expect(await resolveSubPath(placeOf(volume.path), 'link/new')).toBe(join(volume.path, 'real/new'));
    expect(await readdir(join(volume.path, 'real'))).toEqual(['inner', 'new']);
  });

  test.each([
    ['a link to a directory outside', 'out'],
    ['something below such a link', 'out/inner'],
    ['something to be made below such a link', 'out/new'],
    ['a link to the root', 'root/etc'],
    ['a relative link that climbs', 'climb/new'],
    ['a link whose target does not exist', 'dangling'],
    ['something below it', 'dangling/new'],
    ['a link to itself', 'loop/x'],
    ['something below a file', 'file/x'],
    ['a link to a sibling whose name begins alike', 'sibling/new'],
  ])('refuses %s', async (_title, path) => {
    await using temporary = await temporaryDirectory();
    const volume = join(temporary.path, 'volume');
    await mkdir(join(temporary.path, 'outside/inner'), { recursive: true });
    await mkdir(`${volume}-sibling`);
    await mkdir(volume);
    await symlink(join(temporary.path, 'outside'), join(volume, 'out'));
    await symlink('/', join(volume, 'root'));
    await symlink('../outside', join(volume, 'climb'));
    await symlink(join(temporary.path, 'outside/none'), join(volume, 'dangling'));
    await symlink('loop', join(volume, 'loop'));
    await symlink(`${volume}-sibling`, join(volume, 'sibling'));
    await writeFile(join(volume, 'file'), '');
    await expect(resolveSubPath(placeOf(volume), path)).rejects.toThrow(/leads out of|ENOTDIR|EEXIST|ELOOP/);
    expect(await readdir(join(temporary.path, 'outside'))).toEqual(['inner']);
    expect(await readdir(`${volume}-sibling`)).toEqual([]);
  });

  test('refuses a path of very many parts', async () => {
    await using volume = await temporaryDirectory();
    await expect(resolveSubPath(placeOf(volume.path), 'a/'.repeat(200))).rejects.toThrow(
      'more than 128 parts',
    );
  });

  test.skipIf(!isRoot)('gives what it makes to the owner of the volume (as root only)', async () => {
    await using volume = await temporaryDirectory();
    await lchown(volume.path, 54_321, 54_322);
    await resolveSubPath(placeOf(volume.path), 'a/b');
    for (const path of ['a', 'a/b']) {
      const { uid, gid } = await lstat(join(volume.path, path));
      expect([uid, gid]).toEqual([54_321, 54_322]);
    }
  });
});
