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
