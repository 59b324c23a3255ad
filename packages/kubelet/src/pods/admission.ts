import type { V1Taint } from '@kubernetes/client-node';
import { parseQuantity } from '../containers/quantity.ts';
import type { NodeFacts } from '../node/node-facts.ts';
import type { Verdict } from '../status/pod-progress.ts';
import { matchesNode } from './node-affinity.ts';
import type { Pod } from './pod.ts';
import { toleratesTaint } from './toleration.ts';

/** The node as admission sees it. */
export interface AdmissionNode {
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly V1Taint[];
  readonly maxPods: number;
}

export interface AdmissionFacts {
  readonly node: AdmissionNode & NodeFacts;
  /** Pods that have been admitted and still hold what they asked for. */
  readonly others: readonly Pod[];
}

/**
 * Why a pod cannot run here, in upstream's order and words; `undefined` when it can. The scheduler has been
 * through this, but things change, and pods can be bound to a node without it.
 */
export function refusal(pod: Pod, facts: AdmissionFacts): Verdict | undefined {
  return unsupported(pod) ?? outOfResource(pod, facts) ?? misplaced(pod, facts);
}

function unsupported({ spec }: Pod): Verdict | undefined {
  if (spec.os?.name !== undefined) {
    return {
      reason: 'PodOSNotSupported',
      message: "Failed to admit pod as the OS field doesn't match node OS",
    };
  }
  const field = unsupportedField(spec);
  return field === undefined
    ? undefined
    : { reason: 'UnexpectedAdmissionError', message: `this node cannot give pods ${field}` };
}

/** Powers over the host's kernel that no pod has here. */
function unsupportedField(spec: Pod['spec']): string | undefined {
  if (spec.hostPID) return 'the host PID namespace (spec.hostPID)';
  if (spec.hostIPC) return 'the host IPC namespace (spec.hostIPC)';
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const privileged = containers.find(({ securityContext }) => securityContext?.privileged);
  if (privileged === undefined) return undefined;
  return `privileged containers (securityContext.privileged of container "${privileged.name}")`;
}

function misplaced(pod: Pod, { node }: AdmissionFacts): Verdict | undefined {
  if (!matchesNode(pod, node)) {
    return predicateFailed('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");
  }
  const repelled = node.taints.some(
    (taint) =>
      taint.effect === 'NoExecute' &&
      !(pod.spec.tolerations ?? []).some((toleration) => toleratesTaint(toleration, taint)),
  );
  return repelled
    ? predicateFailed('TaintToleration', "node(s) had taints that the pod didn't tolerate")
    : undefined;
}

function predicateFailed(predicate: string, description: string): Verdict {
  return { reason: predicate, message: `Predicate ${predicate} failed: ${description}` };
}

function outOfResource(pod: Pod, { node, others }: AdmissionFacts): Verdict | undefined {
  if (others.length + 1 > node.maxPods) {
    return insufficient('pods', 1, others.length, node.maxPods);
  }
  for (const { name, unit, capacity } of resources(node)) {
    const requested = toUnit(podRequest(pod, name), unit);
    if (requested === 0) continue;
    const used = others.reduce((sum, other) => sum + toUnit(podRequest(other, name), unit), 0);
    if (requested + used > capacity) return insufficient(name, requested, used, capacity);
  }
  return undefined;
}

/** CPU is counted in thousandths, as upstream's messages do. */
function resources({ allocatable }: NodeFacts) {
  return [
    { name: 'cpu', unit: 0.001, capacity: toUnit(allocatable.cpuCores, 0.001) },
    { name: 'memory', unit: 1, capacity: allocatable.memoryBytes },
    { name: 'ephemeral-storage', unit: 1, capacity: allocatable.ephemeralStorageBytes },
  ];
}

function toUnit(value: number, unit: number): number {
  return Math.ceil(Number((value / unit).toFixed(6)));
}

/** What a pod asks for: its app containers and sidecars together, or its greediest init step. */
function podRequest({ spec }: Pod, resource: string): number {
  const request = (container: (typeof spec.containers)[number]): number =>
    parseQuantity(container.resources?.requests?.[resource]) ?? 0;
  const apps = spec.containers.reduce((sum, container) => sum + request(container), 0);
  let sidecars = 0;
  let initPeak = 0;
  for (const init of spec.initContainers ?? []) {
    if (init.restartPolicy === 'Always') sidecars += request(init);
    initPeak = Math.max(initPeak, init.restartPolicy === 'Always' ? sidecars : sidecars + request(init));
  }
  return Math.max(apps + sidecars, initPeak) + (parseQuantity(spec.overhead?.[resource]) ?? 0);
}

function insufficient(resource: string, requested: number, used: number, capacity: number): Verdict {
  return {
    reason: `OutOf${resource}`,
    message: `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  };
}
