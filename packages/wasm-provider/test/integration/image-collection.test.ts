import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CollectedGarbage } from '@wasmlet/oci-wasm';
import { examplePath, start, startNode, type TestNode } from '../fixtures/node.ts';

const capacityBytes = 1_000_000;
const day = 86_400_000;

/** A node whose disk is as full as the test says, and whose time is the test's. */
async function nodeWithDisk(usedPercent: number) {
  const disk = { usedPercent };
  let told: ((collected: CollectedGarbage | undefined) => void) | undefined;
  const warnings: string[] = [];
  const node = await startNode({
    provider: {
      logger: { warn: (_fields, message) => void warnings.push(message) },
      imageCollection: {
        diskUsage: async () => ({ capacityBytes, usedBytes: (capacityBytes * disk.usedPercent) / 100 }),
        onCollected: (collected) => told?.(collected),
      },
    },
  });
  const collect = async (): Promise<CollectedGarbage | undefined> => {
    const collected = new Promise<CollectedGarbage | undefined>((resolve) => {
      told = resolve;
    });
    vi.advanceTimersByTime(300_000);
    return collected;
  };
  return { node, disk, warnings, collect, [Symbol.asyncDispose]: () => node[Symbol.asyncDispose]() };
}

/** As if nothing had used the images for a day. */
async function ageAll({ contentDirectory }: TestNode): Promise<void> {
  const directory = join(contentDirectory, 'blobs/sha256');
  const time = Math.floor((Date.now() - day) / 1000);
  for (const name of await readdir(directory)) await utimes(join(directory, name), time, time);
}

describe('images', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => void vi.useRealTimers());

  test('stay while there is room', async () => {
    await using parts = await nodeWithDisk(85);
    const { node, collect } = parts;
    const reference = await node.push(examplePath('hello-wasm'));
    await node.pull(reference);
    await ageAll(node);
    expect(await collect()).toBeUndefined();
    expect((await node.pull(reference, { policy: 'Never' })).pulled).toBe(false);
  });

  test('that no pod uses go above the high watermark; those of pods stay, with their names', async () => {
    await using parts = await nodeWithDisk(99);
    const { node, collect, warnings } = parts;
    const used = await node.push(examplePath('hello-wasm'), { reference: `${node.registry.host}/used:v1` });
    const unused = await node.push(examplePath('printer'), { reference: `${node.registry.host}/unused:v1` });
    const image = await node.pull(used);
    await node.pull(unused);
    {
      await using pod = await node.openPod();
      const container = await start(pod, node.container(image));
      await container.exited;
      await ageAll(node);
      const collected = await collect();
      expect(collected?.names).toEqual([unused]);
      expect(warnings).toHaveLength(1);
      // It has ended, and may be started again as long as the pod is there.
      const again = await start(pod, node.container(image, { attempt: 1 }));
      expect(await again.exited).toMatchObject({ exitCode: 0 });
      await ageAll(node);
    }
    expect((await collect())?.names).toEqual([used]);
    expect(await readdir(join(node.contentDirectory, 'blobs/sha256'))).toEqual([]);
    expect((await node.pull(used)).pulled).toBe(true);
  });

  test('that were used within two minutes stay', async () => {
    await using parts = await nodeWithDisk(99);
    const { node, collect } = parts;
    await node.pull(await node.push(examplePath('hello-wasm')));
    expect(await collect()).toMatchObject({ names: [], removed: [] });
  });

  test('go no further than the low watermark', async () => {
    await using parts = await nodeWithDisk(85.01);
    const { node, collect } = parts;
    const references: string[] = [];
    for (const name of ['first', 'second']) {
      const module = Buffer.concat([emptyModule, customSection(name)]);
      references.push(await node.push(module, { reference: `${node.registry.host}/${name}:v1` }));
      await node.pull(references.at(-1) ?? '');
      await ageAll(node);
    }
    expect((await collect())?.names).toHaveLength(1);
  });

  test('are looked at no more once the provider is closed', async () => {
    const parts = await nodeWithDisk(99);
    expect(vi.getTimerCount()).toBe(1);
    await parts[Symbol.asyncDispose]();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that are here need no registry: by tag or digest, never or if not present', async () => {
    await using parts = await nodeWithDisk(10);
    const { node } = parts;
    const reference = await node.push(examplePath('hello-wasm'));
    const { digest } = await node.pull(reference);
    await node.registry[Symbol.asyncDispose]();
    const byDigest = reference.replace(/:v1$/, `@${digest}`);
    const both = `${reference}@${digest}`;
    for (const text of [reference, byDigest, both]) {
      for (const policy of ['Never', 'IfNotPresent'] as const) {
        expect(await node.pull(text, { policy })).toMatchObject({ digest, pulled: false });
      }
    }
  });
});

const emptyModule = Buffer.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** More than five hundredths of the disk. */
function customSection(name: string): Buffer {
  const content = Buffer.alloc(60_000, name);
  const length = content.length + 2;
  const size = [(length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14];
  return Buffer.concat([Buffer.of(0, ...size, 1, 0x78), content]);
}
