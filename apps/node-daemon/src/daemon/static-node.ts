import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createWasmProvider } from '@wasmlet/wasm-provider';
import type { Terminal } from '../commands/terminal.ts';
import type { NodeConfig } from '../config/node-config.ts';
import { CommandError } from '../errors.ts';
import { type Manifest, readManifests } from '../local/manifests.ts';
import { startStandalone } from '../local/standalone.ts';
import { podsOf } from '../local/workloads.ts';
import type { ClusterNodeOptions } from './cluster-node.ts';
import { openNodeRegistries } from '../registry/node-registries.ts';
import { openDataDirectory } from './data-directory.ts';
import { untilAborted } from './signals.ts';

/**
 * A node without an API server, until `signal` aborts: runs the pods of the manifests in a folder. Their uids
 * come from their content, so that a pod which is done stays done when the node comes back.
 *
 * @throws {@link CommandError} `MANIFEST`, `DATA_DIRECTORY_IN_USE`.
 */
export async function runStaticNode(
  terminal: Terminal,
  config: NodeConfig,
  folder: string,
  { logger, signal }: ClusterNodeOptions,
): Promise<void> {
  const manifests = await readFolder(folder);
  const address = config.nodeIp ?? '127.0.0.1';
  const registries = await openNodeRegistries(terminal, config);
  await using directory = await openDataDirectory(config.dataDirectory);
  await using node = await startStandalone({
    nodeName: config.nodeName,
    dataDirectory: directory.path,
    addresses: [address],
    labels: config.nodeLabels,
    maxPods: config.maxPods,
    healthzPort: config.healthzPort,
    logger,
    provider: createWasmProvider({
      contentDirectory: directory.content,
      version: terminal.version,
      podAddress: address,
      ...registries,
      imageCollection: config.imageCollection,
      egressGrants: config.egressAllow,
      egressGuarded: config.egressGuard,
      ...(config.egressCeiling === undefined ? {} : { egressCeiling: config.egressCeiling }),
      isolation: config.isolation,
      allowLocalModules: config.allowLocalModules,
      logger,
    }),
  });
  const objects = manifests.flatMap((manifest) =>
    manifest.kind === 'ConfigMap' || manifest.kind === 'Secret' ? [manifest] : [],
  );
  const pods = manifests.flatMap(podsOf).map((pod) => withStableUid(config.nodeName, pod));
  for (const manifest of [...objects, ...pods]) node.apply(manifest);
  logger.info({ node: config.nodeName, manifests: folder, pods: pods.length }, 'running static pods');
  await Promise.race([untilAborted(signal), node.stopped]);
}

async function readFolder(folder: string): Promise<readonly Manifest[]> {
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    throw new CommandError('MANIFEST', `The folder ${folder} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  const files = names.filter((name) => /^[^.].*\.(ya?ml|json)$/.test(name)).toSorted();
  return (await Promise.all(files.map((name) => readManifests(join(folder, name))))).flat();
}

function withStableUid(nodeName: string, pod: Manifest): Manifest {
  const hash = createHash('sha256')
    .update(`${nodeName}\n${JSON.stringify(pod)}`)
    .digest('hex');
  const uid = hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
  return { ...pod, metadata: { ...pod.metadata, uid } };
}
