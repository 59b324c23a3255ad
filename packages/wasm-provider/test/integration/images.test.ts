import { readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ImagePull, Provider } from '@wasmlet/kubelet/provider';
import { examplePath, startNode } from '../fixtures/node.ts';

const users = { me: 'secret', you: 'secret too' };
const mine = { source: 'secret default/mine', username: 'me', password: 'secret' };
const yours = { source: 'secret other/yours', username: 'you', password: 'secret too' };
const wrong = { source: 'secret other/wrong', username: 'you', password: 'guess' };
const hello = examplePath('hello-wasm');

const giving = { find: () => Promise.resolve([mine]) };
const failing = { find: () => Promise.reject(new Error('the plug-in failed')) };

const failureOf = (pulling: Promise<unknown>) =>
  pulling.then(
    () => undefined,
    (error: unknown) => error as Error,
  );

describe('pulling', () => {
  test('describes the image as the kubelet shows it', async () => {
    await using node = await startNode();
    const reference = await node.push(hello);
    const image = await node.pull(reference);
    expect(image).toMatchObject({ reference, platform: 'wasi/wasm', pulled: true });
    expect(image.imageId).toBe(`${node.registry.host}/team/app@${image.digest}`);
    expect(image.sizeBytes).toBeGreaterThan((await stat(hello)).size);
  });

  test('with IfNotPresent asks nobody when the image is here', async () => {
    await using node = await startNode();
    const reference = await node.push(hello);
    await node.pull(reference);
    node.registry.forget();
    expect(await node.pull(reference)).toMatchObject({ pulled: false, durationMs: 0 });
    expect(node.registry.requests).toEqual([]);
  });

  test('with IfNotPresent works offline after a restart', async () => {
    await using node = await startNode();
    const reference = await node.push(hello);
    const image = await node.pull(reference);
    await node.registry[Symbol.asyncDispose]();
    const again = await node.restarted().pullImage({ reference, policy: 'IfNotPresent', credentials: [] });
    expect(again).toEqual({ ...image, pulled: false, durationMs: 0 });
  });

  test('with Always asks the registry, and transfers what is new', async () => {
    await using node = await startNode();
    const reference = await node.push(hello);
    const first = await node.pull(reference, { policy: 'Always' });
    expect(await node.pull(reference, { policy: 'Always' })).toMatchObject({
      pulled: false,
      digest: first.digest,
    });
    await node.push(examplePath('printer'));
    const second = await node.pull(reference, { policy: 'Always' });
    expect(second.pulled).toBe(true);
    expect(second.digest).not.toBe(first.digest);
  });

  test('with Never takes what is here and pulls nothing', async () => {
    await using node = await startNode();
    const reference = await node.push(hello);
    const error = await failureOf(node.pull(reference, { policy: 'Never' }));
    expect(error).toMatchObject({
      code: 'IMAGE_NEVER_PULL',
      message: `Container image "${reference}" is not present with pull policy of Never`,
    });
    await node.pull(reference);
    expect((await node.pull(reference, { policy: 'Never' })).pulled).toBe(false);
  });

  test('of the same image at the same time is done once', async () => {
    await using node = await startNode();
    const reference = await node.push(hello);
    node.registry.forget();
    await Promise.all(Array.from({ length: 30 }, () => node.pull(reference)));
    expect(
      node.registry.requests.filter(({ path }) => path.includes('/manifests/')).length,
    ).toBeLessThanOrEqual(2);
  });

  test('goes on for the others when one of them leaves', async () => {
    await using node = await startNode();
    const reference = await node.push(hello);
    const controller = new AbortController();
    const image: ImagePull = { reference, policy: 'Always', credentials: [] };
    const leaving = failureOf(node.provider.pullImage(image, { signal: controller.signal }));
    const staying = node.provider.pullImage(image);
    controller.abort(new Error('enough'));
    expect((await leaving)?.message).toBe('enough');
    expect((await staying).pulled).toBe(true);
  });

  test('mends a module that was damaged on disk', async () => {
    await using node = await startNode();
    const reference = await node.push(hello);
    await node.pull(reference);
    const [, manifest = ''] = node.registry.content.digestOf('team/app', 'v1').split(':');
    const { layers } = JSON.parse(
      await readFile(join(node.contentDirectory, 'blobs/sha256', manifest), 'utf8'),
    ) as { layers: readonly { digest: string }[] };
    await truncate(join(node.contentDirectory, 'blobs', layers[0]?.digest.replace(':', '/') ?? ''), 100);
    expect((await node.pull(reference)).pulled).toBe(true);
  });
});

describe('errors are put into the words of the kubelet', () => {
  test.each([
    [
      'a reference that is none',
      (host: string) => `${host}/Team/app`,
      'INVALID_IMAGE_NAME',
      'Failed to apply default image tag',
    ],
    [
      'an image that is not there',
      (host: string) => `${host}/team/none:v1`,
      'IMAGE_PULL',
      'has no repository team/none',
    ],
  ])('%s', async (_title, reference, code, text) => {
    await using node = await startNode();
    const error = await failureOf(node.pull(reference(node.registry.host)));
    expect(error).toMatchObject({ name: 'ProviderError', code });
    expect(error?.message).toContain(text);
  });

  test('a registry that is down', async () => {
    await using node = await startNode();
    const reference = `${node.registry.host}/team/app:v1`;
    await node.registry[Symbol.asyncDispose]();
    expect(await failureOf(node.pull(reference))).toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  });

  test('a Linux image', async () => {
    await using node = await startNode();
    const { content } = node.registry;
    const config = content.addBlob('team/app', Buffer.from('{"os":"linux","architecture":"arm64"}'));
    const mediaType = 'application/vnd.oci.image.config.v1+json';
    content.addManifest('team/app', 'v1', { schemaVersion: 2, config: { mediaType, ...config }, layers: [] });
    const reference = `${node.registry.host}/team/app:v1`;
    expect(await failureOf(node.pull(reference))).toMatchObject({
      code: 'IMAGE_PULL',
      message: `no match for platform in manifest: no wasi/wasm in image ${reference}; it has linux/arm64`,
    });
  });
});

describe.each(['basic', 'token'] as const)('a private image (%s authentication)', (kind) => {
  const setUp = async () => {
    const node = await startNode({ registry: { auth: { kind, users } } });
    const reference = await node.push(hello, { credentials: [mine] });
    const pull = (provider: Provider, ...credentials: ImagePull['credentials']) =>
      provider.pullImage({ reference, policy: 'IfNotPresent', credentials });
    return { node, reference, pull, [Symbol.asyncDispose]: () => node[Symbol.asyncDispose]() };
  };

  test('is not given to pods without credentials for it, though it is here', async () => {
    await using parts = await setUp();
    const { node, pull } = parts;
    expect((await pull(node.provider, mine)).pulled).toBe(true);
    expect(await failureOf(pull(node.provider))).toMatchObject({ code: 'IMAGE_PULL' });
    expect(await failureOf(pull(node.provider, wrong))).toMatchObject({ code: 'IMAGE_PULL' });
  });

  test('is given to other credentials when the registry takes them, without another transfer', async () => {
    await using parts = await setUp();
    const { node, pull } = parts;
    await pull(node.provider, mine);
    expect((await pull(node.provider, wrong, yours)).pulled).toBe(false);
  });

  test('is given to the same credentials after a restart, without asking', async () => {
    await using parts = await setUp();
    const { node, pull } = parts;
    await pull(node.provider, mine);
    await node.registry[Symbol.asyncDispose]();
    const restarted = node.restarted();
    expect((await pull(restarted, mine)).pulled).toBe(false);
    expect(await failureOf(pull(restarted))).toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  });

  test('is asked for again when the record of its readers is lost', async () => {
    await using parts = await setUp();
    const { node, pull } = parts;
    await pull(node.provider, mine);
    await rm(join(node.contentDirectory, 'access.json'));
    const restarted = node.restarted();
    expect(await failureOf(pull(restarted))).toMatchObject({ code: 'IMAGE_PULL' });
    expect((await pull(restarted, mine)).pulled).toBe(false);
  });

  test('is there for every pod when the node itself has a credential for it', async () => {
    await using node = await startNode({
      registry: { auth: { kind: 'basic', users } },
      provider: { credentials: giving },
    });
    const reference = await node.push(hello, { credentials: [mine] });
    await node.pull(reference, { credentials: [wrong] });
    node.registry.forget();
    expect((await node.pull(reference)).pulled).toBe(false);
    expect(node.registry.requests).toEqual([]);
  });

  test('is pulled with the pod’s credential when the node’s own cannot be had', async () => {
    await using node = await startNode({
      registry: { auth: { kind: 'basic', users } },
      provider: { credentials: failing },
    });
    const reference = await node.push(hello, { credentials: [mine] });
    expect((await node.pull(reference, { credentials: [mine] })).pulled).toBe(true);
  });

  test('is hidden from pods that never pull', async () => {
    await using parts = await setUp();
    const { node, reference, pull } = parts;
    await pull(node.provider, mine);
    const never = (...credentials: ImagePull['credentials']) =>
      node.provider.pullImage({ reference, policy: 'Never', credentials });
    expect(await failureOf(never())).toMatchObject({ code: 'IMAGE_NEVER_PULL' });
    expect((await never(mine)).pulled).toBe(false);
  });

  test('leaves no password on disk', async () => {
    await using parts = await setUp();
    const { node, pull } = parts;
    await pull(node.provider, mine);
    const path = join(node.contentDirectory, 'access.json');
    expect(await readFile(path, 'utf8')).not.toMatch(/secret|me:/);
    expect((await stat(path)).mode & 0o077).toBe(0);
  });
});

describe('local modules', () => {
  test('are files of this machine, whatever tag they are given', async () => {
    await using node = await startNode({ provider: { allowLocalModules: true } });
    const image = await node.pull(`fs/${hello}:v1`);
    expect(image).toMatchObject({
      pulled: false,
      platform: 'wasi/wasm',
      sizeBytes: (await stat(hello)).size,
    });
    expect((await node.run(image)).lines).toEqual(['Hello, World!']);
  });

  test('get a program name first', async () => {
    await using node = await startNode({ provider: { allowLocalModules: true } });
    const image = await node.pull(`fs/${examplePath('printer')}`);
    expect((await node.run(image, { args: ['args'] })).lines).toEqual(['arg 0 printer.wasm', 'arg 1 args']);
  });

  test('are refused without the flag, which is named', async () => {
    await using node = await startNode();
    const error = await failureOf(node.pull(`fs/${hello}`));
    expect(error).toMatchObject({ code: 'IMAGE_PULL' });
    expect(error?.message).toContain('--x-allow-local-modules');
  });

  test('that are missing, or directories, are told', async () => {
    await using node = await startNode({ provider: { allowLocalModules: true } });
    expect((await failureOf(node.pull('fs//nonexistent/a.wasm')))?.message).toContain(
      '/nonexistent/a.wasm does not exist',
    );
    expect((await failureOf(node.pull(`fs/${node.directory}`)))?.message).toContain('is no file');
  });

  test('that have changed since they were looked up are not run', async () => {
    await using node = await startNode({ provider: { allowLocalModules: true } });
    const path = join(node.directory, 'a.wasm');
    await writeFile(path, await readFile(hello));
    const image = await node.pull(`fs/${path}`);
    await writeFile(path, await readFile(examplePath('printer')));
    expect(await failureOf(node.run(image))).toMatchObject({ code: 'CONTAINER_CREATE' });
  });
});
