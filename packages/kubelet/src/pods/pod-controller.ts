import type { Cluster } from '../cluster/cluster.ts';
import type { Clock } from '../node/clock.ts';
import type { Logger } from '../node/logger.ts';
import type { NodeFacts } from '../node/node-facts.ts';
import type { AbortOptions, Provider } from '../provider.ts';
import type { AdmissionNode } from './admission.ts';
import type { PodSnapshot } from './pod-snapshot.ts';

export interface PodControllerOptions {
  readonly cluster: Cluster;
  readonly provider: Provider;
  /** Absolute path; pods live in its `pods/<uid>/`. */
  readonly dataDirectory: string;
  /** Read whenever it is needed, so that it may change. */
  readonly node: () => NodeFacts;
  /** Labels, taints and room of the node, read whenever a pod is admitted. */
  readonly admission: () => AdmissionNode;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** @default silent */
  readonly logger?: Logger;
}

/** Runs the pods that are bound to this node. */
export interface PodController {
  /**
   * Works until `signal` aborts; then stops the guests, leaves their pods non-terminal, writes the last
   * statuses and resolves.
   */
  run(options: Required<AbortOptions>): Promise<void>;
  snapshot(): readonly PodSnapshot[];
  find(namespace: string, name: string): PodSnapshot | undefined;
}

export function createPodController(_options: PodControllerOptions): PodController {
  throw new Error('not implemented');
}
