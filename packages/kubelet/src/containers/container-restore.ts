import type { V1Container, V1ContainerStateTerminated, V1ContainerStatus } from '@kubernetes/client-node';
import type { Pod } from '../pods/pod.ts';
import type { Wire } from '../status/wire.ts';
import type { ContainerRecord } from './container-records.ts';
import {
  type ContainerKind,
  type ContainerView,
  mayRestart,
  newContainer,
  type Terminated,
  unknownEnd,
} from './container-state.ts';

/**
 * A container as it was before the daemon was restarted, from its record or else from the API's status. No
 * guest outlives the daemon: a run without an end has ended, nobody knows how.
 */
export function restoreContainer(
  pod: Pod,
  container: V1Container,
  kind: ContainerKind,
  record: ContainerRecord | undefined,
): ContainerView {
  const fresh = newContainer(pod, container, kind);
  const known = record === undefined ? fromStatus(fresh, pod) : fromRecord(fresh, record);
  return known.state.phase === 'running' ? { ...known, state: lostRun(known) } : known;
}

function fromRecord(fresh: ContainerView, record: ContainerRecord): ContainerView {
  const { end, last, startedAt, ...run } = record;
  return {
    ...fresh,
    ...run,
    ...(last === undefined ? {} : { last }),
    state: end ?? { phase: 'running', startedAt: startedAt ?? new Date(0) },
  };
}

function fromStatus(fresh: ContainerView, pod: Pod): ContainerView {
  const status = statusOf(pod, fresh.name);
  if (status === undefined) return fresh;
  const { running, terminated } = status.state ?? {};
  const before = status.lastState?.terminated;
  const hasRun = running !== undefined || terminated !== undefined || before !== undefined;
  if (!hasRun) return fresh;

  const attempt = status.restartCount;
  const containerId = withoutScheme(status.containerID);
  const view: ContainerView = {
    ...fresh,
    attempt,
    ...(status.imageID ? { imageId: status.imageID } : {}),
    ...(containerId === undefined ? {} : { containerId }),
  };
  if (running !== undefined) {
    const last = before === undefined ? {} : { last: fromWire(before, Math.max(0, attempt - 1)) };
    return { ...view, ...last, state: { phase: 'running', startedAt: new Date(running.startedAt ?? 0) } };
  }
  if (terminated !== undefined) {
    const last = before === undefined ? {} : { last: fromWire(before, Math.max(0, attempt - 1)) };
    return { ...view, ...last, state: fromWire(terminated, attempt) };
  }
  // It was waiting for a restart: the run that counts is the one that ended.
  return before === undefined ? view : { ...view, state: fromWire(before, attempt) };
}

function lostRun(view: ContainerView): Terminated {
  return unknownEnd(
    view,
    mayRestart(view.restartPolicy, 137)
      ? 'The container could not be located when the pod was deleted.  The container used to be Running'
      : 'The container could not be located when the pod was terminated',
  );
}

function statusOf(pod: Pod, name: string): Wire<V1ContainerStatus> | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const status = [...initContainerStatuses, ...containerStatuses].find((other) => other.name === name);
  return status as Wire<V1ContainerStatus> | undefined;
}

function fromWire(terminated: Wire<V1ContainerStateTerminated>, attempt: number): Terminated {
  const containerId = withoutScheme(terminated.containerID);
  return {
    phase: 'terminated',
    attempt,
    exitCode: terminated.exitCode,
    reason: terminated.reason ?? (terminated.exitCode === 0 ? 'Completed' : 'Error'),
    ...(terminated.message === undefined ? {} : { message: terminated.message }),
    ...(containerId === undefined ? {} : { containerId }),
    ...(terminated.startedAt ? { startedAt: new Date(terminated.startedAt) } : {}),
    ...(terminated.finishedAt ? { finishedAt: new Date(terminated.finishedAt) } : {}),
  };
}

function withoutScheme(id: string | undefined): string | undefined {
  return id ? id.slice(id.indexOf('://') < 0 ? 0 : id.indexOf('://') + 3) : undefined;
}
