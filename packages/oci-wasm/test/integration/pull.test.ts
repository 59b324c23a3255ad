import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parseReference, readArtifact, readModuleBytes } from '../../src/index.ts';
import {
  addArtifact,
  cncf,
  emptyComponent,
  emptyModule,
  moduleOf,
  wasmToOci,
} from '../fixtures/artifacts.ts';
import { failureOf } from '../fixtures/failure-of.ts';
import { openSession } from '../fixtures/session.ts';
import { digestOf, ociIndex } from '../registry/content-store.ts';

const emptyConfig = digestOf(Buffer.from('{}'));

describe('pull', () => {
  test.each([
    ['wasm-to-oci', wasmToOci],
    ['cncf', cncf],
  ] as const)('brings a %s artifact into the store, byte by byte', async (format, types) => {
    await using session = await openSession();
    const { registry, store } = session;
    const module = moduleOf(300_000);
    const digest = addArtifact(registry, module, { types });

    const pulled = await session.pull();

    expect(pulled).toMatchObject({
      format,
      digest,
      manifestDigest: digest,
      kind: 'module',
      transferred: true,
    });
    expect(pulled.access).toEqual({ kind: 'anonymous' });
    expect(Buffer.compare(await readModuleBytes(store, pulled), module)).toBe(0);
    expect(await readArtifact(store, digest)).toMatchObject({ format, digest, layer: pulled.layer });
  });

  test('asks for the manifest alone when all of it is there', async () => {
    await using session = await openSession();
    addArtifact(session.registry, moduleOf(1000));
    await session.pull();
    session.registry.forget();

    expect((await session.pull()).transferred).toBe(false);
    expect(session.seen()).toEqual(['HEAD /v2/team/app/manifests/v1']);
  });

  test('follows a tag that has moved', async () => {
    await using session = await openSession();
    addArtifact(session.registry, moduleOf(1000));
    const first = await session.pull();
    addArtifact(session.registry, moduleOf(1000));
    const second = await session.pull();
    expect(second.digest).not.toBe(first.digest);
    expect(second.transferred).toBe(true);
    // What ran under the old digest can still be started.
    expect(await readArtifact(session.store, second.digest)).toBeDefined();
  });

  test.each(['sha256', 'sha512'] as const)('takes a %s digest and checks it', async (algorithm) => {
    await using session = await openSession();
    addArtifact(session.registry, moduleOf(1000));
    const digest = session.registry.content.digestOf('team/app', 'v1', algorithm);
    const pulled = await session.pull({ reference: session.reference(`team/app@${digest}`) });
    expect(pulled.digest).toBe(digest);
  });

  test('chooses the wasm entry of an index and never the machine’s', async () => {
    await using session = await openSession();
    const { content } = session.registry;
    const linux = content.addManifest('team/app', 'linux', { schemaVersion: 2, layers: [] });
    const wasm = addArtifact(session.registry, emptyModule, { tag: 'wasm' });
    const entry = (digest: string, os: string, architecture: string) => ({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest,
      size: content.manifest('team/app', digest)?.bytes.length ?? 0,
      platform: { os, architecture },
    });
    const manifests = [entry(linux, 'linux', 'amd64'), entry(wasm, 'wasi', 'wasm')];
    const index = content.addManifest('team/app', 'v1', { schemaVersion: 2, manifests }, ociIndex);

    const pulled = await session.pull();

    expect(pulled).toMatchObject({ digest: index, manifestDigest: wasm });
    expect(await readArtifact(session.store, index)).toMatchObject({ manifestDigest: wasm });
  });

  test('reads a manifest whatever content type the registry gives it', async () => {
    await using session = await openSession();
    addArtifact(session.registry, emptyModule, { mediaType: 'application/json' });
    expect((await session.pull()).kind).toBe('module');
  });

  test('manages without Docker-Content-Digest', async () => {
    await using session = await openSession({ digestHeader: false });
    const digest = addArtifact(session.registry, emptyModule);
    expect((await session.pull()).digest).toBe(digest);
  });

  test('says that a component is one', async () => {
    await using session = await openSession();
    addArtifact(session.registry, emptyComponent, { types: cncf });
    expect((await session.pull()).kind).toBe('component');
  });

  test('shares the transfer between pulls of the same content', async () => {
    await using session = await openSession();
    addArtifact(session.registry, moduleOf(2_000_000));
    const pulled = await Promise.all(Array.from({ length: 20 }, () => session.pull()));
    expect(new Set(pulled.map(({ digest }) => digest)).size).toBe(1);
    const layer = pulled[0]?.layer.digest;
    expect(session.seen().filter((line) => line === `GET /v2/team/app/blobs/${layer}`)).toHaveLength(1);
  });

  test('goes on for the others when the one that transfers is cancelled', async () => {
    await using session = await openSession();
    addArtifact(session.registry, moduleOf(1_000_000));
    const path = new RegExp(`blobs/(?!${emptyConfig})`);
    session.registry.fail({ path }, { kind: 'stall', afterBytes: 500_000 }, { times: 1 });
    const controller = new AbortController();
    const first = failureOf(session.pull({ signal: controller.signal }));
    const heads = (): number => session.seen().filter((line) => line.startsWith('HEAD')).length;
    await expect.poll(() => session.seen().some((line) => path.test(line))).toBe(true);
    const second = session.pull();
    await expect.poll(heads).toBe(2);
    controller.abort(new Error('enough'));
    expect((await first).message).toBe('enough');
    expect((await second).kind).toBe('module');
  });

  test('leaves nothing behind when it is cancelled before much has come', async () => {
    await using session = await openSession();
    addArtifact(session.registry, moduleOf(8_000_000));
    const controller = new AbortController();
    const pulling = session.pull({ signal: controller.signal, onProgress: () => controller.abort() });
    await expect(pulling).rejects.toThrow(controller.signal.reason as Error);
    expect(await readdir(`${session.store.directory}/incoming`)).toEqual([]);
  });

  test('tells how far it is', async () => {
    await using session = await openSession();
    addArtifact(session.registry, moduleOf(1_000_000));
    let seen = 0;
    const pulled = await session.pull({
      onProgress({ descriptor, transferredBytes }) {
        if (descriptor.size === 1_000_000) seen = transferredBytes;
      },
    });
    expect(seen).toBe(pulled.layer.size);
  });

  test('leaves chunks whole that a caller keeps while they are stored', async () => {
    await using session = await openSession();
    const { registry, store } = session;
    const module = moduleOf(1_000_000);
    addArtifact(registry, module);
    const { layer } = await session.pull();
    await store.untag(parseReference(session.reference()));
    await store.collectGarbage({ minimumAgeMs: 0 });
    const repository = session.client.repository(parseReference(session.reference()));
    const kept: Uint8Array[] = [];
    await store.write(layer, async function* () {
      for await (const chunk of repository.read(layer)) {
        kept.push(chunk);
        yield chunk;
      }
    });
    expect(Buffer.compare(Buffer.concat(kept), module)).toBe(0);
  });
});

describe('what cannot be run', () => {
  test('a Linux image is refused by naming what it is for', async () => {
    await using session = await openSession();
    addArtifact(session.registry, Buffer.from('layer'), {
      types: {
        config: 'application/vnd.oci.image.config.v1+json',
        layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
      },
      config: JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: {} }),
    });
    await expect(session.pull()).rejects.toMatchObject({
      code: 'UNSUPPORTED_ARTIFACT',
      message: `no match for platform in manifest: no wasi/wasm in image ${session.reference()}; it has linux/amd64`,
    });
  });

  test('a layer that is no WebAssembly gets no name in the store', async () => {
    await using session = await openSession();
    addArtifact(session.registry, Buffer.from('#!/bin/sh'));
    await expect(session.pull()).rejects.toMatchObject({ code: 'UNSUPPORTED_ARTIFACT' });
    await expect(
      session.store.resolve({ registry: session.registry.host, repository: 'team/app', tag: 'v1' }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND_LOCALLY' });
  });

  test('a module above the limit is not transferred', async () => {
    await using session = await openSession();
    addArtifact(session.registry, moduleOf(10_000));
    await expect(session.pull({ maxModuleBytes: 9_999 })).rejects.toMatchObject({ code: 'TOO_LARGE' });
    expect(session.seen().filter((line) => line.includes('/blobs/'))).toEqual([]);
  });

  test('a manifest above 4 MiB is not read', async () => {
    await using session = await openSession();
    session.registry.content.addManifest('team/app', 'v1', ' '.repeat(4 * 1024 * 1024 + 1));
    await expect(session.pull()).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });
});
