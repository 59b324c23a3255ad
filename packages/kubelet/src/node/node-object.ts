import { isIP } from 'node:net';
import type { V1Node, V1NodeAddress, V1NodeStatus, V1Taint } from '@kubernetes/client-node';
import type { NodeDescription } from '../provider.ts';
import type { MachineFacts } from './machine.ts';
import type { NodeAllocatable } from './node-facts.ts';

/** The kubelet whose behaviour this one has; version-skew checks read it. */
export const kubernetesVersion = 'v1.36.2';

/** All that the node object is made of. */
export interface NodeIngredients {
  readonly nodeName: string;
  readonly description: NodeDescription;
  readonly machine: MachineFacts;
  /** InternalIPs, most wanted first. */
  readonly addresses: readonly string[];
  /** Listed as an address, which API servers prefer and have to be able to resolve. */
  readonly hostnameAddress?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly V1Taint[];
  readonly maxPods: number;
}

const mebibyte = 1024 * 1024;
const gibibyte = 1024 * mebibyte;

/** Kept free for the system: upstream's eviction thresholds, which count against what pods can ask for. */
export const reservedMemoryBytes = 100 * mebibyte;

/** A tenth, as upstream; but no more than modules could ever need on a large disk. */
export function reservedStorageBytes(storageBytes: number): number {
  return Math.min(storageBytes / 10, 2 * gibibyte);
}

/** What pods can ask for. */
export function allocatable({ cpuCores, memoryBytes, storageBytes }: MachineFacts): NodeAllocatable {
  return {
    cpuCores,
    memoryBytes: Math.max(0, memoryBytes - reservedMemoryBytes),
    ephemeralStorageBytes: Math.max(0, storageBytes - reservedStorageBytes(storageBytes)),
  };
}

/** The node as it is registered. Taints can only be set here. */
export function nodeObject(ingredients: NodeIngredients): V1Node {
  const { nodeName, labels, taints } = ingredients;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: nodeName, labels: { ...labels }, annotations: { ...nodeAnnotations } },
    spec: { taints: [...taints] },
    status: nodeStatus(ingredients),
  };
}

export const nodeAnnotations: Readonly<Record<string, string>> = {
  'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
};

/** The part of the status that does not change by the minute. */
export function nodeStatus(ingredients: NodeIngredients): V1NodeStatus {
  const { description, machine, maxPods } = ingredients;
  const { runtimeName, runtimeVersion } = description;
  const free = allocatable(machine);
  const pods = String(maxPods);
  return {
    addresses: [...nodeAddresses(ingredients)],
    capacity: {
      cpu: String(machine.cpuCores),
      memory: kibibytes(machine.memoryBytes),
      'ephemeral-storage': kibibytes(machine.storageBytes),
      pods,
    },
    allocatable: {
      cpu: String(free.cpuCores),
      memory: kibibytes(free.memoryBytes),
      'ephemeral-storage': kibibytes(free.ephemeralStorageBytes),
      pods,
    },
    nodeInfo: {
      architecture: description.architecture,
      operatingSystem: description.os,
      kubeletVersion: `${kubernetesVersion}+${runtimeName}.${runtimeVersion}`,
      kubeProxyVersion: '',
      containerRuntimeVersion: `${runtimeName}://${runtimeVersion}`,
      machineID: machine.machineId,
      systemUUID: machine.systemUuid,
      bootID: machine.bootId,
      kernelVersion: machine.kernelVersion,
      osImage: machine.osImage,
    },
    runtimeHandlers: ['', ...description.handlers].map((name) => ({
      name,
      features: { recursiveReadOnlyMounts: false, userNamespaces: false },
    })),
  };
}

function nodeAddresses({ addresses, hostnameAddress }: NodeIngredients): readonly V1NodeAddress[] {
  const internal = [...new Set(addresses)].map((address) => ({ type: 'InternalIP', address }));
  return hostnameAddress === undefined
    ? internal
    : [...internal, { type: 'Hostname', address: hostnameAddress }];
}

/** Addresses at which nobody but this machine reaches the node: good for a developer's cluster only. */
export function isLoopback(address: string): boolean {
  return isIP(address) === 4 ? address.startsWith('127.') : address === '::1';
}

function kibibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024)}Ki`;
}
