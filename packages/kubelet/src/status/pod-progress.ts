import type { ContainerView } from '../containers/container-state.ts';
import type { Pod } from '../pods/pod.ts';

/** Where a pod stands: everything from which its status is computed. */
export interface PodProgress {
  /** The latest object of the API, with the status that others and earlier writes left there. */
  readonly pod: Pod;
  readonly stage: PodStage;
  /** In the order of the spec. */
  readonly initContainers: readonly ContainerView[];
  readonly containers: readonly ContainerView[];
  /** The pod's own addresses once its sandbox is open; empty when it uses the node's. */
  readonly sandbox: { readonly ips: readonly string[] } | undefined;
  readonly hostIPs: readonly string[];
  /** When the kubelet first took notice of the pod. */
  readonly startTime: Date;
}

export type PodStage =
  /** Containers may run, now or when the daemon is back. */
  | { readonly kind: 'live' }
  /** Nothing runs and nothing will. */
  | { readonly kind: 'ended'; readonly verdict?: Verdict }
  /** Refused by admission; nothing ever ran. */
  | { readonly kind: 'rejected'; readonly verdict: Verdict };

/** Why the kubelet itself ended a pod as `Failed`. */
export interface Verdict {
  readonly reason: string;
  readonly message: string;
}
