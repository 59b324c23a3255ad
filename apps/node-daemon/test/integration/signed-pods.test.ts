import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRegistryClient, parseReference, pushArtifact } from '@wasmlet/oci-wasm';
import { createWasmProvider } from '@wasmlet/wasm-provider';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { Pod } from '@wasmlet/kubelet';
import { attachBundle, signByKey } from '../../../../packages/oci-wasm/test/fixtures/signatures/sign.ts';
import { newKeyPair } from '../../../../packages/oci-wasm/test/fixtures/signatures/sigstore-in-a-box.ts';
import { startTestRegistry } from '../../../../packages/oci-wasm/test/registry/start-test-registry.ts';
import type { Manifest } from '../../src/local/manifests.ts';
import { type Standalone, startStandalone } from '../../src/local/standalone.ts';
import { openNodeRegistries } from '../../src/registry/node-registries.ts';

const hello = join(import.meta.dirname, '../../../../examples/hello-wasm/hello-wasm.wasm');
const key = newKeyPair();
const policy = `
policies:
  - name: ours
    images: [{ glob: "127.0.0.1:*/team/**" }]
    authorities: [{ key: { file: release.pub } }]
`;

function podOf(name: string, image: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { restartPolicy: 'Never', containers: [{ name: 'main', image, imagePullPolicy: 'IfNotPresent' }] },
  } as unknown as Manifest;
}

/** Resolves with the status that a pod has when it is as is wanted. */
function until(
  node: Standalone,
  name: string,
  isSo: (status: NonNullable<Pod['status']>) => boolean,
): Promise<NonNullable<Pod['status']>> {
  return new Promise((resolve, reject) => {
    const check = (): void => {
      const status = node.pods().find((pod) => pod.metadata.name === name)?.status;
      if (status === undefined || !isSo(status)) return;
      unsubscribe();
      resolve(status);
    };
    const unsubscribe = node.onChange(check);
    node.stopped.catch(reject);
    check();
  });
}

test('a pod whose image is not signed waits, and one whose image is runs, also when the registry is gone', async () => {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'signed-pods-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const registry = stack.use(await startTestRegistry({ referrers: 'filtering' }));
  const client = stack.use(createRegistryClient());
  await writeFile(join(directory, 'policy.yaml'), policy);
  await writeFile(join(directory, 'release.pub'), key.publicKey.export({ type: 'spki', format: 'pem' }));
  const startNode = async (): Promise<Standalone> =>
    startStandalone({
      nodeName: 'node',
      dataDirectory: join(directory, 'data'),
      logger: pino({ level: 'silent' }),
      provider: createWasmProvider({
        contentDirectory: join(directory, 'data/content'),
        version: '1.0.0',
        ...(await openNodeRegistries(
          { env: {} },
          {
            ...noSettings,
            signaturePolicyFile: join(directory, 'policy.yaml'),
          },
        )),
      }),
    });
  const unsigned = `${registry.host}/team/unsigned:v1`;
  const signed = `${registry.host}/team/signed:v1`;
  for (const reference of [unsigned, signed]) await pushArtifact({ to: client, reference, module: hello });
  const parsed = parseReference(signed);
  const descriptor = await client.repository(parsed).resolve(parsed);
  attachBundle(registry, descriptor, signByKey(descriptor.digest, key.privateKey), {
    repository: 'team/signed',
  });

  {
    await using node = await startNode();
    node.apply(podOf('unsigned', unsigned));
    node.apply(podOf('signed', signed));
    const waiting = await until(
      node,
      'unsigned',
      ({ containerStatuses: [container] = [] }) => container?.state?.waiting?.message !== undefined,
    );
    expect(waiting.containerStatuses?.[0]?.state?.waiting).toMatchObject({
      reason: 'SignatureValidationFailed',
      message: expect.stringContaining(
        'has no signature, which the signature policy "ours" demands',
      ) as string,
    });
    const done = await until(node, 'signed', ({ phase }) => phase === 'Succeeded' || phase === 'Failed');
    expect(done.phase).toBe('Succeeded');
  }

  await registry[Symbol.asyncDispose]();
  await using node = await startNode();
  node.apply(podOf('again', signed));
  const done = await until(node, 'again', ({ phase }) => phase === 'Succeeded' || phase === 'Failed');
  expect(done.phase).toBe('Succeeded');
});

const noSettings = {
  insecureRegistries: [],
  registryHostsDirectory: undefined,
  credentialProviderConfig: undefined,
  credentialProviderBinDirectory: undefined,
};
