import type { V1Container } from '@kubernetes/client-node';
import type { ObjectReader } from '../cluster/cluster.ts';
import type { NodeFacts } from '../node/node-facts.ts';
import type { Pod } from '../pods/pod.ts';
import type { ContainerPort, ContainerResources, ContainerSpec, PulledImage } from '../provider.ts';
import type { MountedVolumes } from '../volumes/pod-volumes.ts';
import { resolveEnvironment } from './environment.ts';
import { expand } from './expansion.ts';
import { parseQuantity } from './quantity.ts';

export interface ContainerSpecSources {
  readonly pod: Pod;
  readonly container: V1Container;
  readonly attempt: number;
  readonly image: PulledImage;
  readonly volumes: MountedVolumes;
  readonly objects: ObjectReader;
  readonly node: NodeFacts;
  /** The pod's own addresses. */
  readonly podIPs: readonly string[];
  readonly logPath: string;
  readonly signal: AbortSignal;
}

/** Resolves a container of a pod to what a provider starts. Rejects with `ConfigError` or `ClusterError`. */
export async function resolveContainerSpec(sources: ContainerSpecSources): Promise<ContainerSpec> {
  const { pod, container, objects, signal } = sources;
  const services = await objects.services({ signal });
  const env = await resolveEnvironment({
    pod,
    container,
    objects,
    node: sources.node,
    services,
    podIPs: sources.podIPs,
    signal,
  });
  const expanded = (text: string): string => expand(text, env);
  const mounts = await sources.volumes.containerMounts(container, expanded);
  const terminationLog = await sources.volumes.terminationLog(container, mounts);

  return {
    name: container.name,
    attempt: sources.attempt,
    image: sources.image,
    ...(isGiven(container.command) ? { command: container.command.map(expanded) } : {}),
    ...(isGiven(container.args) ? { args: container.args.map(expanded) } : {}),
    env,
    ...(container.workingDir ? { workingDir: container.workingDir } : {}),
    mounts,
    ...(terminationLog === undefined ? {} : { terminationLog }),
    ports: (container.ports ?? []).map(containerPort),
    resources: containerResources(container),
    stdin: container.stdin ?? false,
    tty: container.tty ?? false,
    logPath: sources.logPath,
  };
}

/** Limits and requests in the provider's units; what cannot be parsed is as good as absent. */
export function containerResources({ resources }: V1Container): ContainerResources {
  const memoryLimitBytes = parseQuantity(resources?.limits?.['memory']);
  const cpuLimit = parseQuantity(resources?.limits?.['cpu']);
  const cpuRequest = parseQuantity(resources?.requests?.['cpu']);
  return {
    ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes: Math.floor(memoryLimitBytes) }),
    ...(cpuLimit === undefined ? {} : { cpuLimit }),
    ...(cpuRequest === undefined ? {} : { cpuRequest }),
  };
}

/** An empty list in a manifest is no list on the wire. */
function isGiven(list: readonly string[] | undefined): list is readonly string[] {
  return list !== undefined && list.length > 0;
}

function containerPort(port: NonNullable<V1Container['ports']>[number]): ContainerPort {
  const { name, containerPort: number, protocol } = port;
  return {
    ...(name === undefined ? {} : { name }),
    containerPort: number,
    protocol: protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP',
  };
}
