import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createRegistryClient, parseReference, parseSignaturePolicy } from '@wasmlet/oci-wasm';
import { failureOf } from '../../../oci-wasm/test/fixtures/failure-of.ts';
import { attachBundle, signByKey } from '../../../oci-wasm/test/fixtures/signatures/sign.ts';
import { newKeyPair } from '../../../oci-wasm/test/fixtures/signatures/sigstore-in-a-box.ts';
import { examplePath, start, startNode, type TestNode } from '../fixtures/node.ts';

const hello = examplePath('hello-wasm');
const key = newKeyPair();
const data = key.publicKey.export({ type: 'spki', format: 'pem' });
const signaturePolicy = await parseSignaturePolicy({
  policies: [
    {
      name: 'ours',
      images: [{ glob: '127.0.0.1:*/team/**' }],
      authorities: [{ name: 'release', key: { data } }],
    },
  ],
});

function startDemandingNode(): Promise<TestNode> {
  return startNode({ registry: { referrers: 'plain' }, provider: { signaturePolicy } });
}

async function signImage({ registry }: TestNode, text: string): Promise<void> {
  await using client = createRegistryClient();
  const reference = parseReference(text);
  const descriptor = await client.repository(reference).resolve(reference);
  attachBundle(registry, descriptor, signByKey(descriptor.digest, key.privateKey));
}

describe('a node that demands signatures', () => {
  test.each(['Always', 'IfNotPresent'] as const)(
    'refuses an image that is not signed, with policy %s',
    async (policy) => {
      await using node = await startDemandingNode();
      const reference = await node.push(hello);
      expect(await failureOf(node.pull(reference, { policy }))).toMatchObject({
        code: 'SIGNATURE_VALIDATION',
        message: expect.stringContaining(
          'has no signature, which the signature policy "ours" demands',
        ) as string,
      });
      // Nothing of it is here now.
      expect(await failureOf(node.pull(reference, { policy: 'Never' }))).toMatchObject({
        code: 'IMAGE_NEVER_PULL',
      });
    },
  );

  test('runs one that is signed, and again after a restart without its registry', async () => {
    await using node = await startDemandingNode();
    const reference = await node.push(hello);
    await signImage(node, reference);
    const image = await node.pull(reference);
    expect(await node.run(image)).toMatchObject({ exit: { exitCode: 0 } });

    await node.registry[Symbol.asyncDispose]();
    const restarted = node.restarted();
    for (const policy of ['Never', 'IfNotPresent'] as const) {
      const again = await restarted.pullImage({ reference, policy, credentials: [] });
      expect(again).toMatchObject({ digest: image.digest, pulled: false });
    }
  });

  test('refuses one that is here already, pulled while nothing was demanded', async () => {
    await using node = await startNode({ registry: { referrers: 'plain' } });
    const reference = await node.push(hello);
    await node.pull(reference);
    const demanding = node.restarted({ signaturePolicy });
    const pull = (policy: 'Never' | 'IfNotPresent') =>
      demanding.pullImage({ reference, policy, credentials: [] });
    expect(await failureOf(pull('Never'))).toMatchObject({ code: 'SIGNATURE_VALIDATION' });
    expect(await failureOf(pull('IfNotPresent'))).toMatchObject({ code: 'SIGNATURE_VALIDATION' });

    // The signature is fetched when the registry has one, and the image is not.
    await signImage(node, reference);
    expect(await pull('IfNotPresent')).toMatchObject({ pulled: false });
    expect(await pull('Never')).toMatchObject({ pulled: false });
  });

  test('refuses an image that no policy is for', async () => {
    await using node = await startDemandingNode();
    const reference = await node.push(hello, { reference: `${node.registry.host}/others/app:v1` });
    expect(await failureOf(node.pull(reference))).toMatchObject({
      code: 'SIGNATURE_VALIDATION',
      message: expect.stringContaining('no signature policy is for it') as string,
    });
  });

  test('keeps the signatures of an image that is in use when the disk is full', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const collected = Promise.withResolvers<unknown>();
    await using node = await startNode({
      registry: { referrers: 'plain' },
      provider: {
        signaturePolicy,
        imageCollection: {
          minimumAgeMs: 0,
          diskUsage: async () => ({ capacityBytes: 1_000_000, usedBytes: 1_000_000 }),
          onCollected: collected.resolve,
        },
      },
    });
    const reference = await node.push(hello);
    await signImage(node, reference);
    const image = await node.pull(reference);
    await using pod = await node.openPod();
    await (await start(pod, node.container(image))).exited;
    vi.advanceTimersByTime(300_000);
    expect(await collected.promise).toMatchObject({ names: [] });

    await node.registry[Symbol.asyncDispose]();
    const again = await node.restarted().pullImage({ reference, policy: 'Never', credentials: [] });
    expect(again.digest).toBe(image.digest);
  });
});
