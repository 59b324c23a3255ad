import { randomBytes } from 'node:crypto';
import { constants, createZstdCompress, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OciErrorCode } from '../../src/index.ts';
import { emptyComponent, emptyModule } from '../fixtures/artifacts.ts';
import { refusal } from '../fixtures/hostile/attack.ts';
import type { HostileDescriptor, HostileRepository } from '../fixtures/hostile/hostile-registry.ts';
import { type HostileSession, openHostileSession } from '../fixtures/hostile/hostile-session.ts';
import { entryOf, longNameOf, paxOf, tarOf, type TarPart } from '../fixtures/tar.ts';

// Artifacts whose bytes are all that their digests say, and nothing that should be opened.
let session: HostileSession;
beforeAll(async () => {
  session = await openHostileSession();
});
afterAll(() => session[Symbol.asyncDispose]());

type Content = Uint8Array | (() => Iterable<Uint8Array>);

/** An image of one layer, which runs `/bin/app.wasm` unless told otherwise. */
const image =
  (layer: Content, entrypoint = '/bin/app.wasm') =>
  (repository: HostileRepository): void => {
    const config = { os: 'wasi', architecture: 'wasm', config: { Entrypoint: [entrypoint] } };
    repository.manifest({
      schemaVersion: 2,
      config: repository.blob('application/vnd.oci.image.config.v1+json', JSON.stringify(config)),
      layers: [repository.blob('application/vnd.oci.image.layer.v1.tar+gzip', layer)],
    });
  };

/** A CNCF artifact. */
const artifact =
  (layer: (repository: HostileRepository) => HostileDescriptor) =>
  (repository: HostileRepository): void => {
    const config = repository.blob('application/vnd.wasm.config.v0+json', '{}');
    repository.manifest({ schemaVersion: 2, config, layers: [layer(repository)] });
  };

const wanted: TarPart = { name: 'bin/app.wasm', content: emptyModule };
const mebibyte = 1024 * 1024;
const link = (linkName: string, flag = '2') => tarOf({ name: 'bin/app.wasm', flag, linkName });
const times = (part: Uint8Array, length: number) =>
  function* (): Generator<Uint8Array> {
    for (let index = 0; index < length; index += 1) yield part;
  };

describe('a layer is refused that has', () => {
  const random = randomBytes(100_000);
  /** Another ten megabytes for each, of a hundredth in the layer. */
  const member = gzipSync(Buffer.concat([random, Buffer.alloc(9 * mebibyte)]));
  const bomb = gzipSync(Buffer.alloc(32 * mebibyte), { level: 9 });
  const frame = zstdCompressSync(Buffer.alloc(32 * mebibyte));

  test.each<[string, Content, OciErrorCode, string]>([
    ['an entry above its root', tarOf(wanted, { name: '../../etc/cron.d/x' }), 'INVALID_LAYER', 'leads out'],
    ['one by pax', tarOf(wanted, { name: 'x', pax: { path: 'a/../../x' } }), 'INVALID_LAYER', 'leads out'],
    ['one by a long name', Buffer.concat([longNameOf('../x'), tarOf(wanted)]), 'INVALID_LAYER', 'leads out'],
    ['an absolute path', tarOf(wanted, { name: '/etc/cron.d/x' }), 'INVALID_LAYER', 'leads out'],
    ['one of what is asked for', tarOf({ ...wanted, name: '/bin/app.wasm' }), 'INVALID_LAYER', 'leads out'],
    ['one by pax as well', tarOf(wanted, { name: 'x', pax: { path: '/x' } }), 'INVALID_LAYER', 'leads out'],
    ['a link to a file of the host', link('/etc/passwd'), 'UNSUPPORTED_ARTIFACT', 'has no file'],
    ['one that climbs', link('../../../../../../etc/passwd'), 'UNSUPPORTED_ARTIFACT', 'has no file'],
    ['a hard link to it', link('/etc/passwd', '1'), 'UNSUPPORTED_ARTIFACT', 'has no file'],
    ['a hard link to itself', link('bin/app.wasm', '1'), 'INVALID_LAYER', 'more than 40 links'],
    ['a link to itself', link('app.wasm'), 'INVALID_LAYER', 'more than 40 links'],
    ['a device', tarOf({ name: 'bin/app.wasm', flag: '4' }), 'INVALID_LAYER', 'a device or pipe'],
    ['a pipe', tarOf({ name: 'bin/app.wasm', flag: '6' }), 'INVALID_LAYER', 'a device or pipe'],
    ['a sparse file', tarOf({ ...wanted, flag: 'S' }), 'INVALID_LAYER', 'a sparse file'],
    [
      'a sparse file of pax, a terabyte long',
      tarOf({ ...wanted, pax: { 'GNU.sparse.realsize': String(2 ** 40) } }),
      'INVALID_LAYER',
      'a sparse file',
    ],
    ['a file of 8 GB', tarOf({ ...wanted, size: 2 ** 33 - 1 }), 'TOO_LARGE', 'has 8589934591 bytes'],
    [
      'a pax header of 1 GB',
      entryOf({ name: 'x', flag: 'x', size: 2 ** 30 }),
      'INVALID_LAYER',
      'a header of 1073741824 bytes',
    ],
    [
      'a long name of 1 GB',
      entryOf({ name: '././@LongLink', flag: 'L', size: 2 ** 30 }),
      'INVALID_LAYER',
      'a header of 1073741824 bytes',
    ],
    [
      'a name of 100 kB',
      Buffer.concat([paxOf({ path: 'x'.repeat(100_000) }), tarOf(wanted)]),
      'INVALID_LAYER',
      'more than 4096 bytes',
    ],
    ['32 MB of nothing in gzip', bomb, 'TOO_LARGE', '200 times its size'],
    ['a gigabyte of it in members of gzip', times(bomb, 32), 'TOO_LARGE', '200 times its size'],
    ['a gigabyte of it in frames of zstd', times(frame, 32), 'TOO_LARGE', '200 times its size'],
    [
      'a gigabyte that is packed less well',
      () => [gzipSync(entryOf({ name: 'x', size: 2 ** 33 - 1 })), ...times(member, 120)()],
      'TOO_LARGE',
      'more than 1073741824 bytes',
    ],
    [
      'gzip and something behind it',
      () => [gzipSync(tarOf(wanted)), random],
      'INVALID_LAYER',
      'decompressed',
    ],
  ])('%s', async (_title, layer, code, message) => {
    expect(await session.attackedBy(image(layer))).toMatchObject(refusal(code, message));
  });

  test.each<[number, OciErrorCode | 'none']>([
    [25, 'none'],
    [27, 'INVALID_LAYER'],
  ])('a window of zstd of 2^%i bytes: %s', async (windowLog, code) => {
    const encoder = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: windowLog } });
    encoder.write(tarOf(wanted).subarray(0, 1000));
    encoder.end(tarOf(wanted).subarray(1000));
    const packed = Buffer.concat(await encoder.toArray());
    expect(await session.attackedBy(image(packed))).toMatchObject({ code });
  });

  test('an entry point above the root, which is one below it', async () => {
    const layer = tarOf({ name: 'bin/app.wasm', content: emptyModule });
    const report = await session.attackedBy(image(layer, '../../../../bin/app.wasm'), 'copy and read');
    expect(report).toMatchObject({ code: 'none', count: emptyModule.length });
  });
});

describe('a binary', () => {
  const wasm = 'application/wasm';

  test('that is none is refused', async () => {
    const report = await session.attackedBy(artifact((to) => to.blob(wasm, '#!/bin/sh\nrm -rf /')));
    expect(report).toMatchObject(refusal('UNSUPPORTED_ARTIFACT', 'is no WebAssembly'));
  });

  test('of more than may be pulled is refused before any of it is', async () => {
    const size = 256 * mebibyte + 1;
    const report = await session.attackedBy(artifact((to) => ({ ...to.blob(wasm, 'x'), size })));
    expect(report).toMatchObject(refusal('TOO_LARGE', 'at most 268435456 are copied'));
  });

  test('of 200 MB that begins as a component is pulled, and not held in memory', async () => {
    const zeros = times(Buffer.alloc(mebibyte), 200);
    const large = artifact((to) => to.blob(wasm, () => [emptyComponent, ...zeros()]));
    expect(await session.attackedBy(large)).toMatchObject({ code: 'none' });
  });

  test('of 200 MB in an image is as well', async () => {
    const size = 200 * mebibyte + emptyComponent.length;
    const header = entryOf({ name: 'bin/app.wasm', size }).subarray(0, 512);
    const zeros = times(Buffer.alloc(mebibyte), 200);
    const layer = () => [header, emptyComponent, ...zeros(), Buffer.alloc(512 - emptyComponent.length)];
    expect(await session.attackedBy(image(layer))).toMatchObject({ code: 'none' });
  });
});
