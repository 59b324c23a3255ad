import type { ContainerRunner } from '../containers/container-runner.ts';
import type { ContainerView } from '../containers/container-state.ts';
import type { Pod } from './pod.ts';

/** What the kubelet's API shows of a pod. */
export interface PodSnapshot {
  /** The pod with the status that the kubelet would write now. */
  readonly pod: Pod;
  readonly containers: readonly ContainerSnapshot[];
}

export interface ContainerSnapshot {
  readonly name: string;
  readonly kind: 'init' | 'app';
  readonly state: 'waiting' | 'running' | 'terminated';
  readonly waitingReason?: string;
  /** Number of the latest run, whose log is the container's log; absent when it has never run. */
  readonly attempt?: number;
  /** Number of the run before it; absent when there was none. */
  readonly previousAttempt?: number;
  /** Settles when the latest run has ended; `'ended'` when none is going on. */
  readonly ended: Promise<void> | 'ended';
}

export function containerSnapshot(
  view: ContainerView,
  runner: ContainerRunner | undefined,
): ContainerSnapshot {
  const { name, kind, state, attempt, last } = view;
  return {
    name,
    kind: kind === 'app' ? 'app' : 'init',
    state: state.phase,
    ...(state.phase === 'waiting' ? { waitingReason: state.reason } : {}),
    ...(attempt === undefined ? {} : { attempt }),
    ...(last === undefined ? {} : { previousAttempt: last.attempt }),
    ended: runner?.ended ?? 'ended',
  };
}
