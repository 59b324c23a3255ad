import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type FindFileOptions, findFile } from '../../../src/rootfs/find-file.ts';
import { createLayerBudget } from '../../../src/rootfs/layer-budget.ts';
import { tarOf, type TarPart } from '../../fixtures/tar.ts';

/** In pieces, as they come from a disk. */
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
}

const find = (path: string, layers: readonly Uint8Array[], options: Partial<FindFileOptions> = {}) =>
  findFile({
    layers: layers.map((bytes) => () => pieces(bytes)),
    path,
    keepBytes: 1_000_000,
    maxFileBytes: 1_000_000,
    budget: createLayerBudget(),
    ...options,
  });

/** The lowest layer first. */
const textAt = async (path: string, ...layers: readonly (readonly TarPart[])[]) => {
  const found = await find(
    path,
    layers.map((parts) => tarOf(...parts)),
  );
  return found && Buffer.from(found.bytes).toString();
};

const file = (name: string, content = 'it'): TarPart => ({ name, content });
const link = (name: string, linkName: string): TarPart => ({ name, flag: '2', linkName });
const hardLink = (name: string, linkName: string): TarPart => ({ name, flag: '1', linkName });

describe('a file in layers', () => {
  test.each<[string, string, readonly (readonly TarPart[])[]]>([
    ['is found below the root', '/app.wasm', [[file('app.wasm')]]],
    ['is found by a path without a slash in front', 'app.wasm', [[file('app.wasm')]]],
    ['is found however its entry is written', '/a/app.wasm', [[file('./a//./app.wasm')]]],
    ['is found below a root that has an entry', '/a/app.wasm', [[{ name: '/' }, file('a/app.wasm')]]],
    ['is found by a path with dots', '/x/../a/./app.wasm', [[file('a/app.wasm')]]],
    ['cannot be above the root', '/../../app.wasm', [[file('app.wasm')]]],
    ['is that of the highest layer', '/app.wasm', [[file('app.wasm', 'old')], [file('app.wasm')]]],
    ['is the last of its name in a layer', '/app.wasm', [[file('app.wasm', 'old'), file('app.wasm')]]],
    ['is found in a lower layer', '/a/app.wasm', [[file('a/app.wasm')], [{ name: 'a/' }, file('b')]]],
    ['survives a directory entry after it', '/a/app.wasm', [[file('a/app.wasm'), { name: 'a/' }]]],
    ['survives a whiteout of its own layer', '/app.wasm', [[file('app.wasm'), file('.wh.app.wasm', '')]]],
    [
      'survives an opaque mark of its own layer',
      '/a/app.wasm',
      [[file('a/app.wasm', 'old')], [file('a/app.wasm'), file('a/.wh..wh..opq', '')]],
    ],
    ['survives a whiteout of another', '/app.wasm', [[file('app.wasm')], [file('.wh.app.wasm2', '')]]],
    ['is found through a link', '/run', [[file('a/app.wasm'), link('run', 'a/app.wasm')]]],
    ['is found through an absolute link', '/b/run', [[file('a/app.wasm'), link('b/run', '/a/app.wasm')]]],
    ['is found through a link upwards', '/b/run', [[file('a/app.wasm'), link('b/run', '../a/app.wasm')]]],
    [
      'is found through a link that leads above the root',
      '/b/run',
      [[file('a/app.wasm'), link('b/run', '../../../a/app.wasm')]],
    ],
    [
      'is found through linked directories',
      '/bin/app.wasm',
      [[link('bin', 'usr/bin')], [file('usr/bin/app.wasm')]],
    ],
    [
      'is found through two links',
      '/run',
      [[link('run', 'bin/app.wasm'), link('bin', 'b')], [file('b/app.wasm')]],
    ],
    [
      'is found by its literal name below a link',
      '/bin/app.wasm',
      [[link('bin', 'usr'), file('bin/app.wasm')]],
    ],
    ['is found through a hard link', '/run', [[file('app.wasm'), hardLink('run', 'app.wasm')]]],
    [
      'is found through a hard link to a lower layer',
      '/run',
      [[file('app.wasm')], [hardLink('run', '/app.wasm')]],
    ],
    [
      'is what a hard link was made of, whatever lies upon that now',
      '/run',
      [[file('app.wasm')], [hardLink('run', 'app.wasm')], [file('app.wasm', 'new')]],
    ],
    [
      'is found when the directory came back',
      '/a/app.wasm',
      [[link('a', 'b')], [{ name: 'a/' }, file('a/app.wasm')]],
    ],
  ])('%s', async (_title, path, layers) => {
    expect(await textAt(path, ...layers)).toBe('it');
  });

  test.each<[string, readonly (readonly TarPart[])[]]>([
    ['when nobody has it', [[file('b/app.wasm')], []]],
    ['when a layer above has deleted it', [[file('a/app.wasm')], [file('a/.wh.app.wasm', '')]]],
    ['when a layer above has deleted its directory', [[file('a/app.wasm')], [file('.wh.a', '')]]],
    ['when its directory is opaque', [[file('a/app.wasm')], [{ name: 'a/' }, file('a/.wh..wh..opq', '')]]],
    ['when the root is opaque', [[file('a/app.wasm')], [file('.wh..wh..opq', '')]]],
    ['when there is a directory of its name', [[file('a/app.wasm')], [{ name: 'a/app.wasm/' }]]],
    ['when its directory became a file', [[file('a/app.wasm')], [file('a', '')]]],
    ['when its directory became a file in its own layer', [[file('a/app.wasm'), file('a', '')]]],
    [
      'when its directory became a file and a directory again',
      [[file('a/app.wasm'), file('a', ''), { name: 'a/' }]],
    ],
    ['when its link leads nowhere', [[link('a', 'b')]]],
    [
      'when a directory has taken the place of a link',
      [[link('a', 'b'), file('b/app.wasm')], [{ name: 'a/' }]],
    ],
    ['when a hard link names what is newer than it', [[hardLink('a/app.wasm', 'b')], [file('b')]]],
  ])('is not there %s', async (_title, layers) => {
    expect(await textAt('/a/app.wasm', ...layers)).toBeUndefined();
  });

  test.each([
    ['gzip', (bytes: Uint8Array) => gzipSync(bytes)],
    [
      'gzip in two members',
      (bytes: Uint8Array) => Buffer.concat([gzipSync(bytes.subarray(0, 600)), gzipSync(bytes.subarray(600))]),
    ],
    ['zstd', (bytes: Uint8Array) => zstdCompressSync(bytes)],
    [
      'zstd behind a frame to skip',
      (bytes: Uint8Array) =>
        Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2]), zstdCompressSync(bytes)]),
    ],
  ])('is found in one packed with %s', async (_title, pack) => {
    const found = await find('/app.wasm', [pack(tarOf(file('app.wasm')))]);
    expect(found).toMatchObject({ path: '/app.wasm', size: 2 });
    expect(Buffer.from(found?.bytes ?? []).toString()).toBe('it');
  });

  test('is read only as far as is asked for', async () => {
    const found = await find('/a', [tarOf({ name: 'a', content: Buffer.alloc(100_000, 1) })], {
      keepBytes: 8,
    });
    expect(found).toMatchObject({ size: 100_000, bytes: Buffer.alloc(8, 1) });
  });

  test('above it is not looked for in the layers below it', async () => {
    const layers = [
      () => {
        throw new Error('read');
      },
      () => pieces(tarOf(file('app.wasm'))),
    ];
    expect(await find('/app.wasm', [], { layers })).toMatchObject({ size: 2 });
  });
});
