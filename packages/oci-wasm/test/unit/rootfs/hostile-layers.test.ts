import { constants, createZstdCompress, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { OciError } from '../../../src/index.ts';
import { type FindFileOptions, findFile } from '../../../src/rootfs/find-file.ts';
import { createLayerBudget } from '../../../src/rootfs/layer-budget.ts';
import { entryOf, longNameOf, paxOf, sealed, tarOf, type TarPart } from '../../fixtures/tar.ts';
import { failureOf } from '../../fixtures/failure-of.ts';
import { createRandom } from '../../../../../tooling/faults-of.ts';

// Whatever a layer holds, it gets an answer or our own error, soon and in little memory. Seeded.
const seed = 20_261_124;
const rounds = 1_500;

async function* pieces(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const find = (layer: Uint8Array, options: Partial<FindFileOptions> = {}) =>
  findFile({
    layers: [() => pieces(layer)],
    path: '/a/app.wasm',
    keepBytes: 1_000_000,
    maxFileBytes: 1_000_000,
    budget: createLayerBudget(),
    ...options,
  });

const end = Buffer.alloc(1024);
const wanted: TarPart = { name: 'a/app.wasm', content: 'it' };
const patched = (entry: Buffer, at: number, bytes: readonly number[]): Buffer => {
  entry.set(bytes, at);
  sealed(entry.subarray(0, 512));
  return entry;
};

describe('names', () => {
  test.each([
    ['of pax', tarOf({ name: 'x', content: 'it', pax: { path: 'a/app.wasm' } })],
    [
      'of pax, the last of several',
      tarOf({ name: 'x', content: 'it', pax: { mtime: '1.5', path: './a/app.wasm' } }),
    ],
    ['of GNU', Buffer.concat([longNameOf('a/app.wasm'), tarOf({ name: 'x', content: 'it' })])],
    [
      'of pax for a link',
      tarOf(
        { name: 'a', flag: '2', linkName: 'x', pax: { linkpath: 'b' } },
        { name: 'b/app.wasm', content: 'it' },
      ),
    ],
    [
      'of GNU for a link',
      Buffer.concat([
        longNameOf('b', 'K'),
        tarOf({ name: 'a', flag: '2' }, { name: 'b/app.wasm', content: 'it' }),
      ]),
    ],
    ['behind a global header of another tool', Buffer.concat([paxOf({ comment: 'x' }, 'g'), tarOf(wanted)])],
    [
      'in the prefix of POSIX',
      Buffer.concat([patched(entryOf({ name: 'app.wasm', content: 'it' }), 345, [0x61]), end]),
    ],
    [
      'behind an old sparse file with a long map',
      Buffer.concat([
        patched(entryOf({ name: 'b', flag: 'S', size: 3 }), 482, [1]),
        Buffer.alloc(512),
        Buffer.alloc(512),
        tarOf(wanted),
      ]),
    ],
    ['with the size in pax alone', tarOf({ ...wanted, size: 0, pax: { size: '2' } })],
    [
      'with the size in binary',
      Buffer.concat([patched(entryOf(wanted), 124, [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]), end]),
    ],
    [
      'behind entries with long ones',
      Buffer.concat([longNameOf('b'), tarOf({ name: 'x', pax: { path: 'c', size: '0' } }, wanted)]),
    ],
    ['without an end mark', entryOf(wanted)],
  ])('%s are read', async (_title, layer) => {
    expect(Buffer.from((await find(layer))?.bytes ?? []).toString()).toBe('it');
  });
});

describe('refused are', () => {
  test.each<[string, Uint8Array, string]>([
    [
      'an entry that leads out',
      tarOf(wanted, { name: '../../etc/passwd', content: 'x' }),
      'leads out of it: "../../etc/passwd"',
    ],
    [
      'a pax name that leads out',
      tarOf({ name: 'x', content: 'x', pax: { path: 'a/../../b' } }),
      'leads out',
    ],
    ['a device', tarOf({ name: 'a/app.wasm', flag: '3' }), 'is a device or pipe'],
    ['a pipe', tarOf({ name: 'a/app.wasm', flag: '6' }), 'is a device or pipe'],
    ['an old sparse file', tarOf({ name: 'a/app.wasm', flag: 'S', content: 'x' }), 'is a sparse file'],
    ['a new sparse file', tarOf({ ...wanted, pax: { 'GNU.sparse.major': '1' } }), 'is a sparse file'],
    [
      'links in a ring',
      tarOf({ name: 'a', flag: '2', linkName: 'b' }, { name: 'b', flag: '2', linkName: 'a' }),
      'more than 40 links',
    ],
    ['a link that grows', tarOf({ name: 'a', flag: '2', linkName: 'a/a' }), 'more than 40 links'],
    [
      'hard links in a ring',
      tarOf({ name: 'a/app.wasm', flag: '1', linkName: 'a/app.wasm' }),
      'more than 40 links',
    ],
    [
      'a long name',
      Buffer.concat([longNameOf('x'.repeat(5000)), tarOf(wanted)]),
      'a name of more than 4096 bytes',
    ],
    [
      'a long link',
      tarOf({ name: 'y', flag: '2', pax: { linkpath: 'x/'.repeat(3000) } }),
      'more than 4096 bytes',
    ],
    [
      'a header that has no end',
      Buffer.concat([entryOf({ name: 'x', flag: 'x', size: 2 ** 33 - 1 })]),
      'at most 1048576 are read',
    ],
    ['a file that is too large', tarOf({ ...wanted, size: 2_000_000 }), 'has 2000000 bytes'],
    [
      'a global header with names',
      Buffer.concat([paxOf({ path: 'a/app.wasm' }, 'g'), tarOf(wanted)]),
      'global header',
    ],
    [
      'pax records that are none',
      Buffer.concat([entryOf({ name: 'x', flag: 'x', content: '99 path=x\n' }), end]),
      'pax header',
    ],
    [
      'a negative size',
      Buffer.concat([
        patched(
          entryOf(wanted),
          124,
          Array.from({ length: 12 }, () => 0xff),
        ),
        end,
      ]),
      'a number',
    ],
    [
      'a size that is no number',
      Buffer.concat([patched(entryOf(wanted), 124, [0x39, 0x39]), end]),
      'a number',
    ],
    ['an end in an entry', entryOf({ ...wanted, size: 100_000 }), 'ends in the middle'],
    ['an end in a header', entryOf(wanted).subarray(0, 300), 'ends in the middle'],
    ['text', Buffer.alloc(2000, 'x'), 'is no tar archive'],
    ['a cut gzip stream', gzipSync(tarOf(wanted)).subarray(0, 60), 'cannot be decompressed'],
    [
      'a broken gzip stream',
      Buffer.concat([gzipSync(tarOf(wanted)), Buffer.from('rubbish')]),
      'cannot be decompressed',
    ],
    ['a cut zstd stream', zstdCompressSync(tarOf(wanted)).subarray(0, 40), 'cannot be decompressed'],
  ])('%s', async (_title, layer, message) => {
    const error = await failureOf(find(layer));
    expect(error).toBeInstanceOf(OciError);
    expect(error.message).toContain(message);
  });

  test.each<[string, () => Uint8Array, Partial<FindFileOptions>, string]>([
    ['a gzip bomb', () => gzipSync(Buffer.alloc(100_000_000)), {}, '200 times its size'],
    ['a zstd bomb', () => zstdCompressSync(Buffer.alloc(100_000_000)), {}, '200 times its size'],
    [
      'a bomb in an entry',
      () => gzipSync(tarOf({ name: 'b', content: Buffer.alloc(50_000_000) }, wanted)),
      {},
      '200 times its size',
    ],
    [
      'more than may be unpacked',
      () => tarOf({ name: 'b', content: Buffer.alloc(50_000) }),
      { budget: createLayerBudget({ maxUnpackedBytes: 40_000 }) },
      'more than 40000 bytes',
    ],
    [
      'more entries than may be',
      () => tarOf(...Array.from({ length: 50 }, () => wanted)),
      { budget: createLayerBudget({ maxEntries: 49 }) },
      'more than 49 entries',
    ],
  ])('%s', async (_title, layer, options, message) => {
    const packed = layer();
    const before = process.memoryUsage().arrayBuffers;
    const error = await failureOf(find(packed, options));
    expect(error).toMatchObject({ code: 'TOO_LARGE' });
    expect(error.message).toContain(message);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });

  test.each([
    [25, 'it did not fail'],
    [27, 'cannot be decompressed: Frame requires too much memory'],
  ])('a zstd window of 2^%i bytes: %s', async (windowLog, message) => {
    // A stream whose length nobody knows in advance tells the window that its encoder was given.
    const encoder = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: windowLog } });
    encoder.write(tarOf(wanted).subarray(0, 1000));
    encoder.end(tarOf(wanted).subarray(1000));
    const packed = Buffer.concat(await encoder.toArray());
    expect((await failureOf(find(packed))).message).toContain(message);
  });
});

test('what the source throws comes through, and the source is let go of', async () => {
  let open = false;
  async function* source(): AsyncGenerator<Uint8Array, void, undefined> {
    open = true;
    try {
      yield gzipSync(tarOf(wanted)).subarray(0, 40);
      throw new OciError('DIGEST_MISMATCH', 'not it');
    } finally {
      open = false;
    }
  }
  expect(await failureOf(find(new Uint8Array(), { layers: [source] }))).toMatchObject({
    code: 'DIGEST_MISMATCH',
  });
  expect(open).toBe(false);
});

const rich = Buffer.concat([
  paxOf({ comment: 'x' }, 'g'),
  entryOf({ name: 'a/' }),
  entryOf({ name: 'b', flag: '2', linkName: 'a' }),
  longNameOf('b/c/app.wasm'),
  entryOf({ name: 'x', content: Buffer.alloc(700, 'x') }),
  entryOf({ name: 'a/.wh..wh..opq' }),
  entryOf({ name: 'y', content: 'it', pax: { path: 'a/app.wasm', mtime: '1.0' } }),
  entryOf({ name: 'z', flag: '1', linkName: 'a/app.wasm' }),
  end,
]);

describe.each([
  ['an archive', (bytes: Uint8Array) => bytes],
  ['a gzip stream', (bytes: Uint8Array) => gzipSync(bytes)],
  ['a zstd stream', (bytes: Uint8Array) => zstdCompressSync(bytes)],
])('%s', (_title, pack) => {
  test(`is read or refused in every mutation (seed ${seed})`, { timeout: 60_000 }, async () => {
    const random = createRandom(seed);
    const plain = pack(rich);
    const faults: string[] = [];
    const telling = [0, 0x20, 0x30, 0x31, 0x2f, 0x2e, 0x67, 0x78, 0x4c, 0x53, 0x7f, 0x80, 0xff];
    for (let round = 0; round < rounds; round += 1) {
      const mutant = Buffer.from(plain);
      for (let left = 1 + random(3); left > 0; left -= 1) {
        mutant[random(mutant.length)] =
          random(2) === 0 ? random(256) : (telling[random(telling.length)] ?? 0);
      }
      const cut = random(5) === 0 ? mutant.subarray(0, random(mutant.length)) : mutant;
      // Checksums are mended in half of them, so that fields are looked at.
      if (plain === rich && random(2) === 0) {
        for (let at = 0; at + 512 <= cut.length; at += 512)
          if (cut[at + 257] === 0x75) sealed(cut.subarray(at, at + 512));
      }
      const path = ['/a/app.wasm', '/b/app.wasm', '/z'][random(3)] ?? '/z';
      const before = process.threadCpuUsage();
      const error = await find(cut, { path }).then(
        () => undefined,
        (reason: unknown) => reason as Error,
      );
      const { user } = process.threadCpuUsage(before);
      if (error !== undefined && !(error instanceof OciError))
        faults.push(`${error.message}: ${cut.toString('hex')}`);
      if (user > 500_000) faults.push(`took ${user} µs: ${cut.toString('hex')}`);
    }
    expect(faults).toEqual([]);
  });
});
