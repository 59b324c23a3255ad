import type { V1Taint } from '@kubernetes/client-node';
import type { ReservedPort } from '../api/reserved-port.ts';
import type { ServerTls } from '../api/server.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { PodControllerOptions } from '../pods/pod-controller.ts';
import type { Provider } from '../provider.ts';
import type { PodVolumesOptions } from '../volumes/pod-volumes.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';
import type { Machine } from './machine.ts';

export interface KubeletOptions
  extends Pick<PodControllerOptions, 'maxParallelPulls' | 'shutdownGraceMs'>,
    Pick<PodVolumesOptions, 'allowedHostPaths'> {
  /** Lower-case DNS subdomain; part of the node's user name at the API server. */
  readonly nodeName: string;
  readonly cluster: Cluster;
  /** Not disposed by the kubelet. */
  readonly provider: Provider;
  /** Absolute path of a directory that exists. */
  readonly dataDirectory: string;
  readonly node: NodeOptions;
  /** Absent: no HTTPS API (standalone mode). */
  readonly server?: ServerOptions;
  /** Plain `/healthz` for the machine itself. Absent: none. */
  readonly healthz?: HealthzOptions;
  /** @default the machine that this runs on */
  readonly machine?: Machine;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** @default silent */
  readonly logger?: Logger;
  /** 0 (inclusive) to 1 (exclusive): jitter. @default Math.random */
  readonly random?: () => number;
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
  /** @default '0.0.0.0' */
  readonly address?: string;
  /** 1–65535, 0 for a free one, or one that is reserved already, with its address. */
  readonly port: number | ReservedPort;
  /** Certificate, key and client CAs as they are, and as they change: `NodeIdentity.serving`. */
  readonly tls: TlsSource;
}

export interface TlsSource {
  current(): ServerTls;
  subscribe(listener: (tls: ServerTls) => void): () => void;
}

export interface HealthzOptions {
  /** @default '127.0.0.1' */
  readonly address?: string;
  /** As with {@link ServerOptions.port}. @default 10248 */
  readonly port?: number | ReservedPort;
}
