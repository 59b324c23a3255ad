import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { judgeWasm, readArtifact, readModuleBytes } from '../../src/index.ts';
import { componentWith, moduleWith, witPackage } from '../fixtures/binaries.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { openSession } from '../fixtures/session.ts';
import { tarOf } from '../fixtures/tar.ts';
import {
  addImage,
  containerConfig,
  gzipLayer,
  imageConfig,
  type ImageParts,
} from '../fixtures/wasm-images.ts';
import { digestOf, ociIndex, ociManifest } from '../registry/content-store.ts';

const program = moduleWith([{ module: 'wasi_snapshot_preview1', name: 'fd_write' }], ['_start']);
const server = componentWith([], ['wasi:http/incoming-handler@0.2.3']);
const spinLock = 'application/vnd.fermyon.spin.application.v1+config';
const spinWasm = 'application/vnd.wasm.content.layer.v1+wasm';

/** As `spin registry push` writes it. */
const lockOf = (triggers: readonly string[], ...components: readonly object[]) => ({
  spin_lock_version: 1,
  metadata: { name: 'app' },
  triggers: triggers.map((type) => ({
    id: `t-${type}`,
    trigger_type: type,
    trigger_config: { component: 'c' },
  })),
  components,
});
const spinComponent = {
  id: 'c',
  source: { content_type: 'application/wasm', digest: digestOf(server) },
  env: { A: '1' },
};
const spinImage = (lock: object): ImageParts => ({
  config: {
    mediaType: imageConfig,
    content: { architecture: 'wasm', os: 'Wasip1', rootfs: { type: 'layers', diff_ids: ['sha256:0'] } },
  },
  layers: [
    { mediaType: spinWasm, bytes: server },
    { mediaType: 'application/vnd.wasm.content.layer.v1+data', bytes: Buffer.from('a file') },
    { mediaType: spinLock, bytes: Buffer.from(JSON.stringify(lock)) },
  ],
});
const compat = (...layers: readonly Uint8Array[]): ImageParts => ({
  config: containerConfig({ Entrypoint: ['/bin/app.wasm'], Cmd: ['serve'], Env: ['A=1'], WorkingDir: '/w' }),
  layers: layers.map((bytes) => ({ mediaType: gzipLayer, bytes })),
});
const rootfs = tarOf({ name: 'bin/' }, { name: 'bin/app.wasm', content: program });

const cncf = (bytes: Uint8Array): ImageParts => ({
  config: {
    mediaType: 'application/vnd.wasm.config.v0+json',
    content: {
      created: '2026-01-01T00:00:00Z',
      architecture: 'wasm',
      os: 'wasip2',
      layerDigests: [digestOf(bytes)],
    },
  },
  layers: [{ mediaType: 'application/wasm', bytes }],
});

describe('an artifact of the format', () => {
  test.each<[string, ImageParts, Uint8Array, object]>([
    ['cncf, with a component', cncf(server), server, { format: 'cncf', kind: 'component' }],
    [
      'cncf, with a WIT package',
      cncf(witPackage('acme:a/b')),
      witPackage('acme:a/b'),
      { format: 'cncf', kind: 'wit-package' },
    ],
    [
      'wasm-to-oci',
      {
        config: { mediaType: 'application/vnd.wasm.config.v1+json', content: {} },
        layers: [{ mediaType: spinWasm, bytes: program }],
      },
      program,
      { format: 'wasm-to-oci', kind: 'module' },
    ],
    [
      'spin',
      spinImage(lockOf(['http'], spinComponent)),
      server,
      {
        format: 'spin',
        kind: 'component',
        application: { component: 'c', triggers: ['http'], env: [['A', '1']] },
      },
    ],
    [
      'spin, as it was pushed at first',
      {
        config: { mediaType: spinLock, content: lockOf(['command', 'command'], spinComponent) },
        layers: [{ mediaType: spinWasm, bytes: server }],
      },
      server,
      { format: 'spin', application: { triggers: ['command'] } },
    ],
    [
      'wasm-layer',
      {
        config: containerConfig({ Entrypoint: ['/app.wasm#run'] }, 'wasip1'),
        layers: [
          { mediaType: 'application/vnd.bytecodealliance.wasm.component.layer.v0+wasm', bytes: program },
        ],
      },
      program,
      { format: 'wasm-layer', kind: 'module', program: { entrypoint: ['/app.wasm#run'] } },
    ],
    [
      'compat, gzip',
      compat(gzipSync(rootfs)),
      program,
      {
        format: 'compat',
        kind: 'module',
        reason: 'its platform is wasi/wasm',
        program: { entrypoint: ['/bin/app.wasm'], cmd: ['serve'], env: [['A', '1']], workingDir: '/w' },
      },
    ],
    ['compat, zstd', compat(zstdCompressSync(rootfs)), program, { format: 'compat', kind: 'module' }],
    ['compat, not packed', compat(rootfs), program, { format: 'compat', kind: 'module' }],
    [
      'compat, with a component in the lower of two layers',
      compat(gzipSync(tarOf({ name: 'bin/app.wasm', content: server })), gzipSync(tarOf({ name: 'x' }))),
      server,
      { format: 'compat', kind: 'component' },
    ],
    [
      'compat, with the same layer twice',
      compat(gzipSync(rootfs), gzipSync(rootfs)),
      program,
      { format: 'compat', kind: 'module' },
    ],
    [
      'compat, of crun',
      {
        config: containerConfig({ Cmd: ['app.wasm'], Env: ['PATH=/sbin:/bin'] }, 'linux', 'amd64'),
        layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', bytes: gzipSync(rootfs) }],
        annotations: { 'module.wasm.image/variant': 'compat-smart' },
      },
      program,
      { format: 'compat', reason: 'its annotation module.wasm.image/variant is compat-smart' },
    ],
    [
      'wasmcloud',
      {
        config: { mediaType: 'application/vnd.wasmcloud.actor.archive.config', content: {} },
        layers: [{ mediaType: 'application/vnd.module.wasm.content.layer.v1+wasm', bytes: program }],
      },
      program,
      { format: 'wasmcloud', kind: 'module' },
    ],
    [
      'oras, by its layer',
      {
        artifactType: 'application/vnd.acme',
        config: { mediaType: 'application/vnd.oci.empty.v1+json', content: {} },
        layers: [{ mediaType: 'application/wasm', bytes: program, title: 'app.wasm' }],
      },
      program,
      { format: 'oras', kind: 'module' },
    ],
    [
      'oras, by the title of one of its files',
      {
        artifactType: 'application/vnd.acme.wasm.v1',
        config: { mediaType: 'application/vnd.oci.empty.v1+json', content: {} },
        layers: [
          { mediaType: 'application/octet-stream', bytes: Buffer.from('# app'), title: 'README.md' },
          { mediaType: 'application/octet-stream', bytes: program, title: 'app.wasm' },
        ],
      },
      program,
      { format: 'oras', kind: 'module' },
    ],
    [
      'oras, by its first bytes',
      {
        config: { mediaType: 'application/vnd.oci.empty.v1+json', content: {} },
        layers: [{ mediaType: 'application/octet-stream', bytes: program }],
      },
      program,
      { format: 'oras', kind: 'module', reason: 'its only layer begins with \\0asm' },
    ],
  ])('%s is pulled whole and read', async (_title, image, bytes, expected) => {
    await using session = await openSession();
    const digest = addImage(session.registry, image);
    const pulled = await session.pullAny();
    expect(pulled).toMatchObject({ digest, platform: 'wasi/wasm', transferred: true, ...expected });
    for (const layer of pulled.layers) expect(await session.store.has(layer)).toBe(true);
    const artifact = await readArtifact(session.store, digest);
    expect(artifact).toMatchObject({ digest, format: pulled.format, reason: pulled.reason });
    const read = await readModuleBytes(session.store, artifact);
    expect(Buffer.compare(read, bytes)).toBe(0);
    expect(judgeWasm(read).kind).toBe(pulled.kind);
    expect(await session.pullAny()).toMatchObject({ transferred: false, kind: pulled.kind });
  });
});

describe('refused with the reason is', () => {
  const empty = { mediaType: 'application/vnd.oci.empty.v1+json', content: {} };
  test.each<[string, ImageParts, string]>([
    [
      'a file that is no WebAssembly',
      { config: empty, layers: [{ mediaType: 'x/y', bytes: Buffer.from('hello, you') }] },
      'not WebAssembly',
    ],
    [
      'a Spin application of two components',
      spinImage(lockOf([], spinComponent, { ...spinComponent, id: 'd' })),
      'of 2 components (c, d)',
    ],
    ['a Spin application without components', spinImage(lockOf([])), 'without components'],
    [
      'a Spin application with dependencies',
      spinImage(lockOf([], { ...spinComponent, dependencies: { a: {} } })),
      'has dependencies',
    ],
    [
      'a Spin application with middleware',
      spinImage({
        ...lockOf([], spinComponent),
        triggers: [
          { id: 't', trigger_type: 'http', trigger_config: {}, trigger_dependencies: { middleware: [{}] } },
        ],
      }),
      'such as middleware',
    ],
    [
      'a Spin application that needs more of its host',
      spinImage({
        ...lockOf([], spinComponent),
        must_understand: ['host_requirements'],
        host_requirements: { local_service_chaining: 'required', other: 'optional' },
      }),
      'needs local_service_chaining of its host',
    ],
    [
      'a Spin application with a source elsewhere',
      spinImage(lockOf([], { ...spinComponent, source: { source: 'file:///x' } })),
      'no layer for its source',
    ],
    [
      'a Spin application with a source that is not there',
      spinImage(lockOf([], { ...spinComponent, source: { digest: digestOf(program) } })),
      'in none of its layers',
    ],
    [
      'an image without the file that it runs',
      compat(gzipSync(tarOf({ name: 'bin/other.wasm' }))),
      'has no file /bin/app.wasm',
    ],
    [
      'an image that runs something else',
      compat(gzipSync(tarOf({ name: 'bin/app.wasm', content: '#!/bin/sh -e' }))),
      'the file that it runs, /bin/app.wasm, is no WebAssembly',
    ],
    ['an image whose layer is no archive', compat(Buffer.alloc(1024, 'x')), 'no tar archive'],
    [
      'a bomb',
      compat(gzipSync(tarOf({ name: 'x', content: Buffer.alloc(50_000_000) }))),
      '200 times its size',
    ],
  ])('%s', async (_title, image, message) => {
    await using session = await openSession();
    addImage(session.registry, image);
    const error = await failureOf(session.pullAny());
    expect(error).toMatchObject({ name: 'OciError' });
    expect(error.message).toContain(message);
    expect(
      await failureOf(
        session.store.resolve({ registry: session.registry.host, repository: 'team/app', tag: 'v1' }),
      ),
    ).toMatchObject({
      code: 'NOT_FOUND_LOCALLY',
    });
  });

  test('layers that are together too large', async () => {
    await using session = await openSession();
    addImage(session.registry, compat(rootfs, rootfs));
    expect(await failureOf(session.pullAny({ maxModuleBytes: rootfs.length }))).toMatchObject({
      code: 'TOO_LARGE',
    });
  });
});

test('an image that does not say what it runs is read by what a container says', async () => {
  await using session = await openSession();
  addImage(session.registry, { ...compat(gzipSync(rootfs)), config: containerConfig({}) });
  const pulled = await session.pullAny();
  expect(pulled).toMatchObject({ format: 'compat', kind: 'unknown' });
  const read = (entry?: string) =>
    readModuleBytes(session.store, pulled, entry === undefined ? {} : { entry });
  expect(Buffer.compare(await read('bin/app.wasm#run'), program)).toBe(0);
  expect((await failureOf(read())).message).toContain('neither Entrypoint nor Cmd');
});

test('the entry of an index that is for wasm is taken, and its annotations count', async () => {
  await using session = await openSession();
  const { content } = session.registry;
  const linux = addImage(session.registry, {
    config: containerConfig({ Cmd: ['app.wasm'] }, 'linux', 'amd64'),
    layers: [{ mediaType: gzipLayer, bytes: gzipSync(tarOf({ name: 'app.wasm', content: program })) }],
    tag: 'linux',
  });
  const size = content.manifest('team/app', 'linux')?.bytes.length ?? 0;
  const entry = {
    mediaType: ociManifest,
    digest: linux,
    size,
    platform: { os: 'linux', architecture: 'amd64' },
  };
  const index = (manifests: readonly object[]) =>
    content.addManifest('team/app', 'v1', { schemaVersion: 2, mediaType: ociIndex, manifests }, ociIndex);
  index([entry]);
  expect((await failureOf(session.pullAny())).message).toContain('it has linux/amd64');
  const digest = index([{ ...entry, annotations: { 'module.wasm.image/variant': 'compat' } }]);
  expect(await session.pullAny()).toMatchObject({ digest, manifestDigest: linux, format: 'compat' });
});
