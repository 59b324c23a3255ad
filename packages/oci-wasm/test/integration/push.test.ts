import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readModuleBytes } from '../../src/index.ts';
import { emptyComponent, emptyModule, moduleOf } from '../fixtures/artifacts.ts';
import { componentWith } from '../fixtures/binaries.ts';
import { openSession } from '../fixtures/session.ts';
import { digestOf } from '../registry/content-store.ts';

describe('push', () => {
  test.each([false, true])(
    'is pulled back as the same bytes (absolute upload locations: %s)',
    async (absoluteLocations) => {
      await using session = await openSession({ absoluteLocations });
      const module = moduleOf(3_000_000);
      const pushed = await session.push({ module });
      const pulled = await session.pull();
      expect(pulled.digest).toBe(pushed.digest);
      expect(Buffer.compare(await readModuleBytes(session.store, pulled), module)).toBe(0);
      expect(session.registry.content.openUploads).toBe(0);
    },
  );

  test('writes what wasm-to-oci writes, byte by byte', async () => {
    await using session = await openSession();
    await session.push({ module: emptyModule, format: 'wasm-to-oci', title: 'target/<a>.wasm' });
    const { mediaType, bytes } = session.registry.content.manifest('team/app', 'v1') ?? {};
    expect(mediaType).toBe('application/vnd.oci.image.manifest.v1+json');
    expect(Buffer.from(bytes ?? []).toString()).toBe(
      '{"schemaVersion":2,"config":{"mediaType":"application/vnd.wasm.config.v1+json",' +
        '"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},' +
        '"layers":[{"mediaType":"application/vnd.wasm.content.layer.v1+wasm",' +
        `"digest":"${digestOf(emptyModule)}","size":8,` +
        '"annotations":{"org.opencontainers.image.title":"target/\\u003ca\\u003e.wasm"}}]}',
    );
  });

  test('writes a CNCF artifact that is the same for the same date', async () => {
    await using session = await openSession();
    const options = {
      module: emptyModule,
      format: 'cncf',
      created: new Date(1_700_000_000_000),
      annotations: { 'org.opencontainers.image.version': '1.2.3' },
    } as const;
    const first = await session.push(options);
    const second = await session.push({ ...options, reference: session.reference('team/other:v1') });
    expect(second.digest).toBe(first.digest);
    const config = session.registry.content.blob('team/app', first.config.digest) ?? new Uint8Array();
    expect(JSON.parse(Buffer.from(config).toString())).toEqual({
      created: '2023-11-14T22:13:20.000Z',
      architecture: 'wasm',
      os: 'wasip1',
      layerDigests: [digestOf(emptyModule)],
    });
    const manifest = Buffer.from(session.registry.content.manifest('team/app', 'v1')?.bytes ?? []).toString();
    expect(JSON.parse(manifest)).toMatchObject({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      layers: [{ mediaType: 'application/wasm' }],
      annotations: { 'org.opencontainers.image.version': '1.2.3' },
    });
  });

  test.each(['cncf', 'wasm-to-oci'] as const)(
    'annotates a manifest of %s in one order, whatever the caller has',
    async (format) => {
      await using session = await openSession();
      const options = { module: emptyModule, format, created: new Date(0) };
      const { digest } = await session.push({
        ...options,
        version: '1.2.3',
        source: 'https://example.com/app',
        revision: 'abc',
        annotations: { 'a.b/c': 'd' },
      });
      const { bytes = [] } = session.registry.content.manifest('team/app', 'v1') ?? {};
      const { annotations } = JSON.parse(Buffer.from(bytes).toString()) as { annotations: object };
      expect(Object.entries(annotations)).toEqual([
        ['a.b/c', 'd'],
        ['org.opencontainers.image.revision', 'abc'],
        ['org.opencontainers.image.source', 'https://example.com/app'],
        ['org.opencontainers.image.version', '1.2.3'],
      ]);
      const again = await session.push({
        ...options,
        version: 'another',
        annotations: Object.fromEntries(Object.entries(annotations).toReversed()),
      });
      expect(again.digest).toBe(digest);
    },
  );

  test('says of what type a CNCF artifact is, which is read as one all the same', async () => {
    await using session = await openSession();
    const artifactType = 'application/vnd.example.greeter+wasm';
    await session.push({ module: emptyModule, artifactType });
    const { bytes } = session.registry.content.manifest('team/app', 'v1') ?? {};
    expect(JSON.parse(Buffer.from(bytes ?? []).toString())).toMatchObject({ artifactType });
    expect(await session.pull()).toMatchObject({ format: 'cncf', kind: 'module' });
  });

  test.each([
    ['in a format without', { format: 'wasm-to-oci', artifactType: 'application/wasm' }],
    ['that is no media type', { artifactType: 'greeter' }],
  ] as const)('refuses an artifact type %s before anything is sent', async (_title, options) => {
    await using session = await openSession();
    const pushing = session.push({ module: emptyModule, ...options });
    await expect(pushing).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    expect(session.seen()).toEqual([]);
  });

  test('names the imports and exports of a component in its CNCF config', async () => {
    await using session = await openSession();
    const imports = ['wasi:io/streams@0.2.3'];
    const exports = ['wasi:cli/run@0.2.3'];
    const { config } = await session.push({ module: componentWith(imports, exports) });
    const bytes = session.registry.content.blob('team/app', config.digest) ?? new Uint8Array();
    expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({
      os: 'wasip2',
      component: { imports, exports },
    });
  });

  test('names the world of an empty component in its CNCF config', async () => {
    await using session = await openSession();
    const { config } = await session.push({ module: emptyComponent, format: 'cncf' });
    const bytes = session.registry.content.blob('team/app', config.digest) ?? new Uint8Array();
    expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({
      os: 'wasip2',
      component: { imports: [], exports: [] },
    });
  });

  test.each([
    ['cncf', 'its name', () => 'app.wasm'],
    ['wasm-to-oci', 'its path', (path: string) => path],
  ] as const)('of a file as %s titles the layer with %s', async (format, _title, titleOf) => {
    await using session = await openSession();
    const path = join(session.directory, 'app.wasm');
    const module = moduleOf(1_000_000);
    await writeFile(path, module);
    const { layer } = await session.push({ module: path, format });
    expect(layer.annotations).toEqual({ 'org.opencontainers.image.title': titleOf(path) });
    expect(
      Buffer.compare(session.registry.content.blob('team/app', layer.digest) ?? Buffer.of(), module),
    ).toBe(0);
  });

  test('sends nothing that the registry has', async () => {
    await using session = await openSession();
    const module = moduleOf(1_000_000);
    const created = new Date(0);
    await session.push({ module, created });
    session.registry.forget();
    expect((await session.push({ module, created })).transferred).toBe(false);
    expect(session.seen().filter((line) => /^(?:POST|PATCH)|^PUT .*uploads/.test(line))).toEqual([]);
  });

  test('names the artifact last', async () => {
    await using session = await openSession();
    await session.push({ module: moduleOf(1000) });
    expect(session.seen().at(-1)).toBe('PUT /v2/team/app/manifests/v1');
  });
});

describe('a push that fails', () => {
  test('refuses a file that is no WebAssembly before anything is sent', async () => {
    await using session = await openSession();
    const path = join(session.directory, 'app.txt');
    await writeFile(path, 'hello');
    await expect(session.push({ module: path })).rejects.toMatchObject({
      code: 'NOT_WASM',
      message: `${path} is no WebAssembly: it does not begin with \\0asm and a known version`,
    });
    expect(session.seen()).toEqual([]);
  });

  test('refuses a digest as the name', async () => {
    await using session = await openSession();
    const reference = session.reference(`team/app@sha256:${'0'.repeat(64)}`);
    await expect(session.push({ module: emptyModule, reference })).rejects.toMatchObject({
      code: 'INVALID_REFERENCE',
    });
  });

  test('takes the upload back and names nothing', async () => {
    await using session = await openSession();
    const body = JSON.stringify({ errors: [{ code: 'DIGEST_INVALID', message: 'no' }] });
    session.registry.fail({ method: 'PUT', path: /uploads/ }, { kind: 'status', status: 400, body });
    await expect(session.push({ module: moduleOf(1000) })).rejects.toMatchObject({
      code: 'INVALID_RESPONSE',
      status: 400,
    });
    await expect.poll(() => session.registry.content.openUploads).toBe(0);
    expect(session.registry.content.manifest('team/app', 'v1')).toBeUndefined();
  });

  test.each([
    ['503', { kind: 'status', status: 503 }],
    ['a reset', { kind: 'reset' }],
  ] as const)('begins a new upload after %s', async (_title, fault) => {
    await using session = await openSession();
    session.registry.fail({ method: 'PUT', path: /uploads/ }, fault, { times: 2 });
    await session.push({ module: moduleOf(100_000) });
    expect((await session.pull()).kind).toBe('module');
    expect(session.registry.content.openUploads).toBe(0);
  });
});
