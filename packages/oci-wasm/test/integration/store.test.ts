import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type Descriptor, openLayoutStore, readModuleBytes, type Reference } from '../../src/index.ts';
import { addArtifact, moduleOf } from '../fixtures/artifacts.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { scratchDirectory } from '../fixtures/scratch.ts';
import { openSession } from '../fixtures/session.ts';
import { digestOf } from '../registry/content-store.ts';

async function* chunks(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

const describeBytes = (bytes: Uint8Array): Descriptor => ({
  mediaType: 'application/wasm',
  digest: digestOf(bytes),
  size: bytes.length,
});
const name = (tag: string): Reference => ({ registry: 'host.example', repository: 'app', tag });

describe('a store', () => {
  test('is an OCI layout with the full reference as the name', async () => {
    await using session = await openSession();
    const digest = addArtifact(session.registry, moduleOf(1000));
    await session.pull();
    const { directory } = session.store;
    expect(JSON.parse(await readFile(join(directory, 'oci-layout'), 'utf8'))).toEqual({
      imageLayoutVersion: '1.0.0',
    });
    const index: unknown = JSON.parse(await readFile(join(directory, 'index.json'), 'utf8'));
    expect(index).toMatchObject({
      schemaVersion: 2,
      manifests: [{ digest, annotations: { 'org.opencontainers.image.ref.name': session.reference() } }],
    });
    const blob = await readFile(join(directory, 'blobs', digest.replace(':', '/')));
    expect(digestOf(blob)).toBe(digest);
  });

  test('is for its owner’s eyes', async () => {
    await using session = await openSession();
    addArtifact(session.registry, moduleOf(1000));
    const { layer } = await session.pull();
    const file = await stat(join(session.store.directory, 'blobs', layer.digest.replace(':', '/')));
    expect(file.mode & 0o077).toBe(0);
  });

  test('keeps what it has when it is opened again', async () => {
    await using session = await openSession();
    addArtifact(session.registry, moduleOf(1000));
    const pulled = await session.pull();
    const again = await openLayoutStore(session.store.directory);
    expect((await again.resolve(pulled.reference)).digest).toBe(pulled.digest);
    expect(await readModuleBytes(again, pulled)).toHaveLength(1000);
  });

  test('keeps what other tools have written into its index', async () => {
    await using scratch = await scratchDirectory();
    const foreign = { mediaType: 'x/y', digest: digestOf(Buffer.of()), size: 0, urls: ['https://x.example'] };
    await writeFile(
      join(scratch.path, 'index.json'),
      JSON.stringify({ schemaVersion: 2, manifests: [foreign], note: 1 }),
    );
    const store = await openLayoutStore(scratch.path);
    await store.tag({ descriptor: describeBytes(Buffer.of(1)), bytes: Buffer.of(1) }, name('v1'));
    const index: unknown = JSON.parse(await readFile(join(scratch.path, 'index.json'), 'utf8'));
    expect(index).toMatchObject({ note: 1, manifests: [foreign, {}] });
  });

  test.each([
    ['cut short', (path: string) => truncate(path, 500)],
    ['altered', (path: string) => writeFile(path, Buffer.alloc(1000))],
    ['longer', (path: string) => writeFile(path, Buffer.alloc(2000))],
  ])('notices a blob that was %s, and fetches it again', async (_title, damage) => {
    await using session = await openSession();
    const module = moduleOf(1000);
    addArtifact(session.registry, module);
    const { layer } = await session.pull();
    const path = join(session.store.directory, 'blobs', layer.digest.replace(':', '/'));
    await chmod(path, 0o600);
    await damage(path);
    await expect(readModuleBytes(session.store, { layer })).rejects.toMatchObject({ name: 'OciError' });

    const again = await session.pull();

    expect(again.transferred).toBe(true);
    expect(Buffer.compare(await readModuleBytes(session.store, again), module)).toBe(0);
  });

  test('says what it does not have', async () => {
    await using scratch = await scratchDirectory();
    const store = await openLayoutStore(scratch.path);
    const error = { code: 'NOT_FOUND_LOCALLY' };
    await expect(store.resolve(name('v1'))).rejects.toMatchObject(error);
    await expect(store.resolveDigest(digestOf(Buffer.of()))).rejects.toMatchObject(error);
    await expect(readModuleBytes(store, { layer: describeBytes(Buffer.of(1)) })).rejects.toMatchObject(error);
  });

  test.each([
    ['a layout of another version', 'oci-layout', '{"imageLayoutVersion":"2.0.0"}'],
    ['an index that is no JSON', 'index.json', '{"schemaVersion":'],
    ['an index without manifests', 'index.json', '{}'],
  ])('refuses %s', async (_title, file, text) => {
    await using scratch = await scratchDirectory();
    await writeFile(join(scratch.path, file), text);
    const opened = openLayoutStore(scratch.path).then((store) => store.resolve(name('v1')));
    expect(await failureOf(opened)).toMatchObject({ code: 'STORE_FAILED' });
  });

  test('cannot be where a file is', async () => {
    await using scratch = await scratchDirectory();
    await writeFile(join(scratch.path, 'file'), '');
    await expect(openLayoutStore(join(scratch.path, 'file'))).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  test.skipIf(process.platform !== 'linux')('says that no directory can be made below /proc', async () => {
    const failure = await failureOf(openLayoutStore('/proc/no/such/store'));
    expect(failure).toMatchObject({ code: 'STORE_FAILED' });
    expect(failure.message).toBe(
      'store /proc/no/such/store: a directory of it is missing, and none can be made there; give another one',
    );
  });

  test('removes what was left in the middle of a write a day ago, and nothing newer', async () => {
    await using scratch = await scratchDirectory();
    const incoming = join(scratch.path, 'incoming');
    await mkdir(incoming);
    await writeFile(join(incoming, 'old'), '');
    await writeFile(join(incoming, 'new'), '');
    const before = new Date(Date.now() - 25 * 3_600_000);
    await utimes(join(incoming, 'old'), before, before);
    await openLayoutStore(scratch.path);
    expect(await readdir(incoming)).toEqual(['new']);
  });
});

describe('writing', () => {
  test('takes sha512 as well', async () => {
    await using scratch = await scratchDirectory();
    const store = await openLayoutStore(scratch.path);
    const bytes = Buffer.from('hello');
    const descriptor = { ...describeBytes(bytes), digest: digestOf(bytes, 'sha512') };
    await store.write(descriptor, () => chunks(bytes));
    expect(await store.has(descriptor)).toBe(true);
  });

  test.each([
    ['DIGEST_MISMATCH', [Buffer.from('hellO')]],
    ['TRUNCATED', [Buffer.from('hell')]],
    ['SIZE_MISMATCH', [Buffer.from('hello'), Buffer.from('!')]],
  ] as const)('refuses what is not what it should be: %s', async (code, parts) => {
    await using scratch = await scratchDirectory();
    const store = await openLayoutStore(scratch.path);
    const descriptor = describeBytes(Buffer.from('hello'));
    await expect(store.write(descriptor, () => chunks(...parts))).rejects.toMatchObject({ code });
    expect(await readdir(join(scratch.path, 'incoming'))).toEqual([]);
    expect(await store.has(descriptor)).toBe(false);
  });

  test('a digest cannot name another file', async () => {
    await using scratch = await scratchDirectory();
    const store = await openLayoutStore(scratch.path);
    const descriptor = { mediaType: '', digest: 'sha256:../../../../tmp/x', size: 1 };
    await expect(store.write(descriptor, () => chunks(Buffer.of(1)))).rejects.toMatchObject({
      code: 'INVALID_RESPONSE',
    });
  });

  test.skipIf(process.platform === 'win32')('leaves nothing half-written when there is no room', async () => {
    await using scratch = await scratchDirectory();
    // A limit on the size of files stands for a full disk; the signal that goes with it is ignored.
    const script = join(import.meta.dirname, '../fixtures/write-blob.ts');
    const command = `trap '' XFSZ; ulimit -f 5000; exec "$0" --conditions=@wasmlet/source "$@"`;
    const { stdout } = await promisify(execFile)('sh', [
      '-c',
      command,
      process.execPath,
      script,
      scratch.path,
    ]);
    expect(JSON.parse(stdout)).toEqual({ code: 'STORE_FAILED', incoming: [], stored: false });
  });
});

describe('several at once', () => {
  test('name their artifacts without losing one: in one process', async () => {
    await using scratch = await scratchDirectory();
    const [one, two] = await Promise.all([openLayoutStore(scratch.path), openLayoutStore(scratch.path)]);
    const bytes = Buffer.of(1);
    const manifest = { descriptor: describeBytes(bytes), bytes };
    await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        (index % 2 === 0 ? one : two).tag(manifest, name(`v${index}`)),
      ),
    );
    const index = JSON.parse(await readFile(join(scratch.path, 'index.json'), 'utf8')) as {
      manifests: unknown[];
    };
    expect(index.manifests).toHaveLength(60);
  });

  test('name their artifacts without losing one: in three processes', async () => {
    await using scratch = await scratchDirectory();
    const script = join(import.meta.dirname, '../fixtures/tag-many.ts');
    const ends = ['a', 'b', 'c'].map(async (prefix) => {
      const child = fork(script, [scratch.path, prefix], { execArgv: ['--conditions=@wasmlet/source'] });
      const [code] = (await once(child, 'exit')) as [number];
      return code;
    });
    expect(await Promise.all(ends)).toEqual([0, 0, 0]);
    const index = JSON.parse(await readFile(join(scratch.path, 'index.json'), 'utf8')) as {
      manifests: unknown[];
    };
    expect(index.manifests).toHaveLength(60);
    expect(
      (await readdir(scratch.path)).filter((file) => file.includes('lock') || file.endsWith('.tmp')),
    ).toEqual([]);
  });

  test('a lock whose holder is gone is broken', async () => {
    await using scratch = await scratchDirectory();
    const store = await openLayoutStore(scratch.path);
    const script = join(import.meta.dirname, '../fixtures/dying/print-name.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [script]);
    await writeFile(join(scratch.path, 'index.json.lock'), stdout);
    const bytes = Buffer.of(1);
    await store.tag({ descriptor: describeBytes(bytes), bytes }, name('v1'));
    expect((await store.resolve(name('v1'))).digest).toBe(digestOf(bytes));
  });
});
