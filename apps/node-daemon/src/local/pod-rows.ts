import type { Pod } from '@wasmlet/kubelet';

export interface PodRow {
  readonly name: string;
  readonly ready: string;
  readonly status: string;
  readonly restarts: number;
  readonly age: string;
}

/** A pod as `kubectl get pods` prints it. */
export function podRow(pod: Pod, now: Date): PodRow {
  const statuses = pod.status?.containerStatuses ?? [];
  const created = pod.metadata.creationTimestamp;
  return {
    name: pod.metadata.name,
    ready: `${statuses.filter(({ ready }) => ready).length}/${pod.spec.containers.length}`,
    status: statusText(pod),
    restarts: statuses.reduce((sum, { restartCount }) => sum + restartCount, 0),
    age: created === undefined ? '' : ageText(now.getTime() - new Date(created).getTime()),
  };
}

/** Whether every container has ended for good. */
export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** The most telling of phase, pod reason and container reasons, in the order in which kubectl takes them. */
function statusText(pod: Pod): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  let text = pod.status?.reason ?? pod.status?.phase ?? 'Pending';
  for (const { state } of (pod.status?.containerStatuses ?? []).toReversed()) {
    if (state?.waiting?.reason) text = state.waiting.reason;
    else if (state?.terminated?.reason) text = state.terminated.reason;
  }
  return text;
}

function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)}m` : `${Math.floor(seconds / 3600)}h`;
}
