import type { ContainerView } from '../containers/container-state.ts';
import { mayRestart } from '../containers/container-state.ts';
import type { PodProgress } from './pod-progress.ts';

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** `status.phase`, by upstream's rules in upstream's order. A terminal phase is never left. */
export function podPhase(progress: PodProgress): PodPhase {
  const known = progress.pod.status?.phase;
  if (known === 'Succeeded' || known === 'Failed') return known;

  const { stage } = progress;
  switch (stage.kind) {
    case 'rejected':
      return 'Failed';
    case 'ended':
      return stage.verdict === undefined ? endedPhase(progress) : 'Failed';
    case 'live':
      return livePhase(progress);
    default:
      return stage satisfies never;
  }
}

export function isTerminal(phase: string | undefined): phase is 'Succeeded' | 'Failed' {
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Before everything has been torn down no terminal phase is told. */
function livePhase({ initContainers, containers }: PodProgress): 'Pending' | 'Running' {
  const started = containers.some(hasRun);
  if (initContainers.some((init) => isPending(init, started))) return 'Pending';
  if (initContainers.some(hasFailedForGood)) return 'Pending';
  return containers.every(hasRun) ? 'Running' : 'Pending';
}

function endedPhase({ initContainers, containers }: PodProgress): 'Succeeded' | 'Failed' {
  if (initContainers.some(hasFailedForGood)) return 'Failed';
  const succeeded = containers.every(({ state }) => state.phase === 'terminated' && state.exitCode === 0);
  return succeeded ? 'Succeeded' : 'Failed';
}

/** Whether app containers still have to wait for this init container. */
function isPending(init: ContainerView, appsStarted: boolean): boolean {
  if (init.kind === 'sidecar') return !appsStarted && init.state.phase !== 'running';
  if (init.state.phase === 'terminated') return false;
  return init.last === undefined || init.state.phase === 'running';
}

function hasFailedForGood({ kind, state, restartPolicy }: ContainerView): boolean {
  return (
    kind === 'init' &&
    state.phase === 'terminated' &&
    state.exitCode !== 0 &&
    !mayRestart(restartPolicy, state.exitCode)
  );
}

function hasRun({ state, last }: ContainerView): boolean {
  return state.phase !== 'waiting' || last !== undefined;
}
