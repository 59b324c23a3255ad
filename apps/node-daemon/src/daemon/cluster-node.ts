import { join } from 'node:path';
import {
  type ApiServerCluster,
  createApiServerCluster,
  createKubelet,
  establishNodeIdentity,
  reservePort,
} from '@wasmlet/kubelet';
import { createWasmProvider, type EgressDenial } from '@wasmlet/wasm-provider';
import type { Logger } from 'pino';
import type { Terminal } from '../commands/terminal.ts';
import type { NodeConfig } from '../config/node-config.ts';
import { describeDenial } from '../local/egress-denial.ts';
import { openNodeRegistries } from '../registry/node-registries.ts';
import { openDataDirectory } from './data-directory.ts';
import { findNodeAddress } from './node-address.ts';

export interface ClusterNodeOptions {
  readonly logger: Logger;
  /** Stops the node. */
  readonly signal: AbortSignal;
}

/**
 * A node of a cluster, until `signal` aborts: gets an identity, joins, runs pods. Resolves when the guests are
 * stopped and the last statuses written; rejects with `signal.reason` when it had not joined yet.
 */
export async function runClusterNode(
  terminal: Terminal,
  config: NodeConfig,
  { logger, signal }: ClusterNodeOptions,
): Promise<void> {
  const { nodeName } = config;
  const registries = await openNodeRegistries(terminal, config);
  await using directory = await openDataDirectory(config.dataDirectory);
  await using port = await reservePort({
    address: config.address,
    port: config.port,
    portOption: '--port',
  });
  await using healthzPort = await reservePort({
    address: '127.0.0.1',
    port: config.healthzPort,
    portOption: '--healthz-port',
  });
  const kubeconfigPath = config.kubeconfig ?? join(directory.path, 'config', 'kubeconfig');
  const address =
    config.nodeIp ??
    (await findNodeAddress({
      listen: config.address,
      kubeconfigs: [kubeconfigPath, config.bootstrapFile],
    }));
  logger.info({ node: nodeName, address, port: port.port, dataDirectory: directory.path }, 'starting');

  const identity = await establishNodeIdentity({
    nodeName,
    hostname: config.certificateHostname,
    addresses: [address],
    dataDirectory: directory.path,
    kubeconfigPath,
    bootstrapFile: config.bootstrapFile,
    ...(config.certFile === undefined ? {} : { certFile: config.certFile }),
    ...(config.privateKeyFile === undefined ? {} : { keyFile: config.privateKeyFile }),
    ...(config.clientCaFile === undefined ? {} : { clientCaFile: config.clientCaFile }),
    // stdout belongs to these lines: scripts wait for them.
    onPrompt: (line) => terminal.stdout.write(`${line}\n`),
    logger,
    signal,
  });
  await using cluster = createApiServerCluster({
    nodeName,
    access: identity.access,
    userAgent: `wasmlet/${terminal.version}`,
    logger,
  });
  const { server } = await identity.access.load({ signal });
  const apiServer = `${server.hostname}:${server.port === '' ? 443 : server.port}`;
  await using provider = createWasmProvider({
    contentDirectory: directory.content,
    version: terminal.version,
    podAddress: address,
    ...registries,
    imageCollection: config.imageCollection,
    egressGrants: config.egressAllow,
    egressGuarded: [...config.egressGuard, apiServer],
    ...(config.egressCeiling === undefined ? {} : { egressCeiling: config.egressCeiling }),
    isolation: config.isolation,
    allowLocalModules: config.allowLocalModules,
    logger,
    onEgressDenied: (denial) => recordDenial(cluster, denial),
  });
  const kubelet = createKubelet({
    nodeName,
    cluster,
    provider,
    dataDirectory: directory.path,
    node: {
      addresses: [address],
      labels: config.nodeLabels,
      maxPods: config.maxPods,
      ...(config.hostname === undefined ? {} : { hostname: config.hostname, listHostname: true }),
    },
    server: { port, tls: identity.serving },
    healthz: { port: healthzPort },
    logger,
  });
  const rotating = new AbortController();
  const rotation = identity.keepFresh({
    signal: rotating.signal,
    onClientRenewed: () => cluster.renewCredentials(),
  });
  try {
    await kubelet.run({ signal });
  } finally {
    rotating.abort();
    await rotation;
  }
}

function recordDenial({ events }: ApiServerCluster, { pod, container, report }: EgressDenial): void {
  const denial = describeDenial(report);
  if (denial === undefined) return;
  events.record({
    regarding: { apiVersion: 'v1', kind: 'Pod', ...pod },
    type: 'Warning',
    reason: 'EgressDenied',
    message: `container ${container}: ${denial}`,
  });
}
