import type { V1PodCondition, V1PodStatus } from '@kubernetes/client-node';
import { type ContainerView, isReady } from '../containers/container-state.ts';
import type { PodPhase } from './pod-phase.ts';
import type { PodProgress } from './pod-progress.ts';
import { type Wire, wireTime } from './wire.ts';

export type PodCondition = Wire<V1PodCondition>;

export interface ConditionOptions {
  /** Time of transitions that happen with this projection. */
  readonly now: Date;
  /** What was projected last: transitions count from it, or else from what the API shows. */
  readonly previous?: Wire<V1PodStatus> | undefined;
}

/** A condition without what depends on its past. */
interface Finding {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason?: string;
  readonly message?: string;
}

/** The conditions that the kubelet owns; those of others are not in the list. */
export function podConditions(
  progress: PodProgress,
  phase: PodPhase,
  options: ConditionOptions,
): readonly PodCondition[] {
  const containersReady = containersReadyFinding(progress, phase);
  const findings: readonly Finding[] = [
    {
      type: 'PodReadyToStartContainers',
      status: progress.sandbox === undefined ? 'False' : 'True',
    },
    initializedFinding(progress, phase),
    readyFinding(progress, containersReady),
    containersReady,
    { type: 'PodScheduled', status: 'True' },
  ];
  return findings.map((finding) => withPast(finding, progress, options));
}

function initializedFinding({ initContainers, containers }: PodProgress, phase: PodPhase): Finding {
  const type = 'Initialized';
  if (phase === 'Succeeded') return { type, status: 'True', reason: 'PodCompleted' };
  const anyStarted = containers.some(({ attempt }) => attempt !== undefined);
  const incomplete = initContainers.filter((view) => !isReady(view));
  if (anyStarted || incomplete.length === 0) return { type, status: 'True' };
  return {
    type,
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: ${names(incomplete)}`,
  };
}

function containersReadyFinding({ initContainers, containers }: PodProgress, phase: PodPhase): Finding {
  const type = 'ContainersReady';
  if (phase === 'Succeeded') return { type, status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { type, status: 'False', reason: 'PodFailed' };
  const counted = [...initContainers.filter(({ kind }) => kind === 'sidecar'), ...containers];
  const unready = counted.filter((view) => !isReady(view));
  if (unready.length === 0) return { type, status: 'True' };
  return {
    type,
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: ${names(unready)}`,
  };
}

function readyFinding({ pod }: PodProgress, containersReady: Finding): Finding {
  if (containersReady.status !== 'True') return { ...containersReady, type: 'Ready' };
  const unmet: string[] = [];
  for (const { conditionType } of pod.spec.readinessGates ?? []) {
    const gate = pod.status?.conditions?.find(({ type }) => type === conditionType);
    if (gate === undefined) {
      unmet.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    } else if (gate.status !== 'True') {
      unmet.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`);
    }
  }
  if (unmet.length === 0) return { type: 'Ready', status: 'True' };
  return { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message: unmet.join(', ') };
}

/** A transition keeps its time until the status changes. */
function withPast(finding: Finding, { pod }: PodProgress, { previous, now }: ConditionOptions): PodCondition {
  const past = (previous ?? pod.status)?.conditions as readonly PodCondition[] | undefined;
  const before = past?.find(({ type }) => type === finding.type);
  const since = before?.status === finding.status ? before.lastTransitionTime : undefined;
  const { generation } = pod.metadata;
  return {
    ...finding,
    lastTransitionTime: since ?? wireTime(now),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}

function names(views: readonly ContainerView[]): string {
  return `[${views.map(({ name }) => name).join(' ')}]`;
}
