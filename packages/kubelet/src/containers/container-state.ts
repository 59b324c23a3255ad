import type { V1Container } from '@kubernetes/client-node';
import type { Pod } from '../pods/pod.ts';
import type { ContainerExit } from '../provider.ts';

/** `sidecar`: an init container with `restartPolicy: Always`. */
export type ContainerKind = 'init' | 'sidecar' | 'app';
export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

export interface Waiting {
  readonly phase: 'waiting';
  readonly reason: string;
  readonly message?: string;
}

export interface Running {
  readonly phase: 'running';
  readonly startedAt: Date;
  /** What its probes have found. @default started, and ready */
  readonly health?: RunHealth;
}

/** What is known of a run by its probes. */
export interface RunHealth {
  readonly started: boolean;
  readonly ready: boolean;
}

export interface Terminated {
  readonly phase: 'terminated';
  /** Number of the run that ended. */
  readonly attempt: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message?: string;
  readonly containerId?: string;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
}

/** All that is known of one container of a pod. Never changed: each transition below makes another one. */
export interface ContainerView {
  readonly name: string;
  readonly kind: ContainerKind;
  readonly restartPolicy: RestartPolicy;
  /** As the pod spells it. */
  readonly image: string;
  /** `repository@sha256:…` of the latest run. */
  readonly imageId?: string;
  /** Of the latest run, without scheme. */
  readonly containerId?: string;
  /** Number of the latest run; absent before the first. Its value is the restart count. */
  readonly attempt?: number;
  readonly state: Waiting | Running | Terminated;
  /** `lastState.terminated`. */
  readonly last?: Terminated;
}

/** A container that has never run. */
export function newContainer(pod: Pod, container: V1Container, kind: ContainerKind): ContainerView {
  return {
    name: container.name,
    kind,
    restartPolicy: restartPolicyOf(pod, container, kind),
    image: container.image ?? '',
    state: { phase: 'waiting', reason: firstReason(pod) },
  };
}

/** The reason of a container that waits for nothing in particular. */
export function firstReason(pod: Pod): 'PodInitializing' | 'ContainerCreating' {
  return (pod.spec.initContainers ?? []).length > 0 ? 'PodInitializing' : 'ContainerCreating';
}

export function waiting(view: ContainerView, reason: string, message?: string): ContainerView {
  return {
    ...withLast(view),
    state: { phase: 'waiting', reason, ...(message === undefined ? {} : { message }) },
  };
}

export interface StartedRun {
  readonly attempt: number;
  readonly containerId: string;
  readonly image: string;
  readonly imageId: string;
  readonly startedAt: Date;
  readonly health?: RunHealth;
}

export function runStarted(view: ContainerView, run: StartedRun): ContainerView {
  const { startedAt, health, ...identity } = run;
  const state: Running = { phase: 'running', startedAt, ...(health === undefined ? {} : { health }) };
  return { ...withLast(view), ...identity, state };
}

/** Of a run that goes on. */
export function healthChanged(view: ContainerView, health: RunHealth): ContainerView {
  return view.state.phase === 'running' ? { ...view, state: { ...view.state, health } } : view;
}

export function runEnded(view: ContainerView, exit: ContainerExit): ContainerView {
  return {
    ...view,
    state: {
      phase: 'terminated',
      attempt: view.attempt ?? 0,
      exitCode: exit.exitCode,
      reason: exit.reason,
      ...(exit.message ? { message: exit.message } : {}),
      ...(view.containerId === undefined ? {} : { containerId: view.containerId }),
      ...(view.state.phase === 'running' ? { startedAt: view.state.startedAt } : {}),
      finishedAt: exit.finishedAt,
    },
  };
}

/** A run that was created but could not be started: it counts as one that ended with 128. */
export function startFailed(
  view: ContainerView,
  failure: { readonly attempt: number; readonly message: string; readonly at: Date },
): ContainerView {
  return {
    ...withLast(view),
    attempt: failure.attempt,
    state: {
      phase: 'terminated',
      attempt: failure.attempt,
      exitCode: 128,
      reason: 'StartError',
      message: failure.message,
      finishedAt: failure.at,
    },
  };
}

/**
 * The state in which a container is left when its pod has ended: one that waits for a restart shows its last
 * run again, and one whose fate is unknown counts as killed.
 */
export function closed(view: ContainerView, podHadInitialized: boolean): ContainerView {
  if (view.state.phase === 'terminated') return view;
  if (view.state.phase === 'waiting' && view.last !== undefined) {
    const { last, ...rest } = view;
    return { ...rest, state: last };
  }
  const neverRan = view.attempt === undefined;
  if (neverRan && (view.kind !== 'app' || !podHadInitialized)) return view;
  return {
    ...view,
    state: unknownEnd(view, 'The container could not be located when the pod was terminated'),
  };
}

/** A container whose run was ended by the daemon's own stop, as long as the daemon is away. */
export function suspended(view: ContainerView, pod: Pod): ContainerView {
  const { state } = view;
  if (state.phase !== 'terminated' || !mayRestart(view.restartPolicy, state.exitCode)) return view;
  return waiting(view, firstReason(pod), 'the node daemon has stopped; the container starts again with it');
}

/** The end of a run of which nothing is known but that it is over. */
export function unknownEnd(view: ContainerView, message: string): Terminated {
  return {
    phase: 'terminated',
    attempt: view.attempt ?? 0,
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message,
    ...(view.containerId === undefined ? {} : { containerId: view.containerId }),
    ...(view.state.phase === 'running' ? { startedAt: view.state.startedAt } : {}),
  };
}

/** Whether a run that ended so is followed by another one. */
export function mayRestart(policy: RestartPolicy, exitCode: number): boolean {
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

/** Whether it runs, and has passed its startup probe if it has one. */
export function isStarted({ state }: ContainerView): boolean {
  return state.phase === 'running' && (state.health?.started ?? true);
}

/** A container that is up and passes its probes, or whose work is done, counts as ready. */
export function isReady(view: ContainerView): boolean {
  if (view.kind === 'init') return view.state.phase === 'terminated' && view.state.exitCode === 0;
  return view.state.phase === 'running' && (view.state.health?.ready ?? true);
}

function withLast(view: ContainerView): ContainerView {
  return view.state.phase === 'terminated' ? { ...view, last: view.state } : view;
}

/** Regular init containers run until they succeed or, with `Never`, until they fail. */
function restartPolicyOf(pod: Pod, container: V1Container, kind: ContainerKind): RestartPolicy {
  if (kind === 'sidecar') return 'Always';
  const policy = (container.restartPolicy ?? pod.spec.restartPolicy ?? 'Always') as RestartPolicy;
  return kind === 'init' && policy === 'Always' ? 'OnFailure' : policy;
}
