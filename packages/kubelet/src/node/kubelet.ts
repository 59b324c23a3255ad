import type { V1Taint } from '@kubernetes/client-node';
import type { Cluster } from '../cluster/cluster.ts';
import type { PodSnapshot } from '../pods/pod-snapshot.ts';
import type { AbortOptions, Provider } from '../provider.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

export interface KubeletOptions {
  readonly nodeName: string;
  readonly cluster: Cluster;
  /** Not disposed by the kubelet. */
  readonly provider: Provider;
  /** Absolute path of a directory that exists. */
  readonly dataDirectory: string;
  readonly node: NodeOptions;
  /** Absent: no HTTPS API (standalone mode). */
  readonly server?: ServerOptions;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** @default silent */
  readonly logger?: Logger;
}

export interface NodeOptions {
  /** InternalIPs, most wanted first; at least one. */
  readonly addresses: readonly string[];
  /** Value of the label `kubernetes.io/hostname`. @default the node's name */
  readonly hostname?: string;
  /** Lists `hostname` as an address, which API servers prefer to the IP. @default false */
  readonly listHostname?: boolean;
  /** Labels besides the node's own; those that a node may not set itself are dropped with a warning. */
  readonly labels?: Readonly<Record<string, string>>;
  /** @default `kubernetes.io/arch=<the provider's arch>` with NoSchedule and with NoExecute */
  readonly taints?: readonly V1Taint[];
  /** @default 110 */
  readonly maxPods?: number;
}

export interface ServerOptions {
  /** Address to listen on, e.g. `0.0.0.0`. */
  readonly address: string;
  /** 1–65535, or 0 for a free one. */
  readonly port: number;
}

/** One Kubernetes node. */
export interface Kubelet {
  /**
   * Registers the node, runs its pods and serves its API until `signal` aborts; then stops the guests,
   * leaves their pods non-terminal, writes the last statuses and resolves.
   */
  run(options: Required<AbortOptions>): Promise<void>;
  /** Settles when the node has been reported Ready for the first time. */
  readonly ready: Promise<void>;
  pods(): readonly PodSnapshot[];
}

export function createKubelet(_options: KubeletOptions): Kubelet {
  throw new Error('not implemented');
}
