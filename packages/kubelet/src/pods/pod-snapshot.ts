import type { ContainerRunner } from '../containers/container-runner.ts';
import type { ContainerView, Terminated } from '../containers/container-state.ts';
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
  /** Number of the run whose log is the container's: the latest, or when that did not start the one before. */
  readonly attempt?: number;
  /** Number of the run in `lastState`; absent when there is none or it did not start. */
  readonly previousAttempt?: number;
  /** Whether any run has ended, be it one that did not start and has no log. */
  readonly hasEnded: boolean;
  /** Settles when the latest run has ended; `'ended'` when none is going on. */
  readonly ended: Promise<void> | 'ended';
}

export function containerSnapshot(
  view: ContainerView,
  runner: ContainerRunner | undefined,
): ContainerSnapshot {
  const { name, kind, state, last } = view;
  const previous = startedRun(last);
  const attempt = latestRun(view) ?? previous;
  return {
    name,
    kind: kind === 'app' ? 'app' : 'init',
    state: state.phase,
    ...(state.phase === 'waiting' ? { waitingReason: state.reason } : {}),
    ...(attempt === undefined ? {} : { attempt }),
    ...(previous === undefined ? {} : { previousAttempt: previous }),
    hasEnded: state.phase === 'terminated' || last !== undefined,
    ended: runner?.ended ?? 'ended',
  };
}

function latestRun({ state, attempt }: ContainerView): number | undefined {
  return state.phase === 'running' ? attempt : state.phase === 'terminated' ? startedRun(state) : undefined;
}

/** A run that could not be started has no id. */
function startedRun(end: Terminated | undefined): number | undefined {
  return end?.containerId === undefined ? undefined : end.attempt;
}
