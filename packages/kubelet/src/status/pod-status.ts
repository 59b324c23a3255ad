import type { V1PodStatus } from '@kubernetes/client-node';
import { isIPv4 } from 'node:net';
import { closed, type ContainerView } from '../containers/container-state.ts';
import { containerStatus } from './container-status.ts';
import { type ConditionOptions, podConditions } from './pod-conditions.ts';
import { podPhase } from './pod-phase.ts';
import type { PodProgress } from './pod-progress.ts';
import { type Wire, wireTime } from './wire.ts';

/** `V1PodStatus` on the wire, as far as it is the kubelet's to say. */
export type PodStatus = Wire<V1PodStatus>;

export interface ProjectionOptions extends ConditionOptions {
  /** Scheme of container ids. */
  readonly runtimeName: string;
}

/** The one projection: where a pod stands in, its status out. `qosClass` is the API server's and left out. */
export function projectPodStatus(progress: PodProgress, options: ProjectionOptions): PodStatus {
  const settled = settle(progress);
  const phase = podPhase(settled);
  const { stage, pod } = settled;
  const verdict = stage.kind === 'ended' || stage.kind === 'rejected' ? stage.verdict : undefined;
  const { runtimeName } = options;
  const containers = settled.containers.length + settled.initContainers.length;
  const toStatus = (view: ContainerView) => containerStatus(view, { runtimeName, containers });

  return {
    phase,
    ...verdict,
    startTime: wireTime(settled.startTime),
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    conditions: podConditions(settled, phase, options),
    ...addresses(settled),
    ...(stage.kind === 'rejected'
      ? {}
      : {
          containerStatuses: settled.containers.toSorted(byName).map(toStatus),
          ...(settled.initContainers.length === 0
            ? {}
            : { initContainerStatuses: settled.initContainers.map(toStatus) }),
        }),
  };
}

/** In a pod that has ended no container waits or runs. */
function settle(progress: PodProgress): PodProgress {
  if (progress.stage.kind !== 'ended') return progress;
  const { initContainers, containers } = progress;
  const appStarted = containers.some(({ attempt }) => attempt !== undefined);
  const initialized = appStarted || initContainers.every(({ state }) => isDone(state));
  return {
    ...progress,
    sandbox: undefined,
    initContainers: initContainers.map((view) => closed(view, initialized)),
    containers: containers.map((view) => closed(view, initialized)),
  };
}

function isDone(state: ContainerView['state']): boolean {
  return state.phase === 'running' || (state.phase === 'terminated' && state.exitCode === 0);
}

/**
 * A pod without addresses of its own has its node's. The API's consumers (pod proxy, EndpointSlices) take
 * only global unicast addresses for pods: on a node that is reached by loopback a pod has none.
 */
function addresses({ pod, sandbox, hostIPs }: PodProgress): Partial<PodStatus> {
  const hosts = hostIPs.length === 0 ? {} : { hostIP: hostIPs[0]!, hostIPs: hostIPs.map((ip) => ({ ip })) };
  const known = (pod.status?.podIPs ?? []).map(({ ip }) => ip);
  const own = sandbox === undefined ? known : sandbox.ips.length > 0 ? sandbox.ips : hostIPs;
  const usable = own.filter((ip) => !isLoopback(ip));
  if (usable.length === 0) return hosts;
  return { ...hosts, podIP: usable[0]!, podIPs: usable.map((ip) => ({ ip })) };
}

function isLoopback(ip: string): boolean {
  return isIPv4(ip) ? ip.startsWith('127.') : ip === '::1';
}

function byName(a: ContainerView, b: ContainerView): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
