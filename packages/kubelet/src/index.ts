/**
 * A Kubernetes node around a container provider of your own: registration and heartbeats, pods, volumes,
 * status, logs and the kubelet's HTTPS API. Start with {@link createKubelet}; what a provider has to
 * implement is in `@wasmlet/kubelet/provider`.
 *
 * @packageDocumentation
 */
export { createKubelet, type Kubelet } from './node/kubelet.ts';
export type {
  HealthzOptions,
  KubeletOptions,
  NodeOptions,
  ServerOptions,
  TlsSource,
} from './node/kubelet-options.ts';
export { ApiError, type ApiErrorCode } from './api/api-error.ts';
export { type PortOptions, type ReservedPort, reservePort } from './api/reserved-port.ts';
export type { ServerTls } from './api/server.ts';
export { type Machine, type MachineFacts, type MachineUsage, systemMachine } from './node/machine.ts';
export type { NodeAllocatable, NodeFacts } from './node/node-facts.ts';
export { type Clock, systemClock } from './node/clock.ts';
export { type Logger, silentLogger } from './node/logger.ts';
export {
  type Cluster,
  ClusterError,
  type ClusterErrorCode,
  type KubeEvent,
} from './cluster/cluster.ts';
export {
  createMemoryCluster,
  type Manifest,
  type MemoryCluster,
  type MemoryClusterOptions,
} from './cluster/memory/memory-cluster.ts';
export type { KubeObject, StoreChange, StoredKind, StoredObject } from './cluster/memory/object-store.ts';
export { type Pod, parsePod, podIdentity } from './pods/pod.ts';
export type { ContainerSnapshot, PodSnapshot } from './pods/pod-snapshot.ts';
export {
  type ApiServerCluster,
  type ApiServerClusterOptions,
  createApiServerCluster,
} from './cluster/api-server/api-server-cluster.ts';
export type { Access, AccessSource, AccessTls } from './cluster/api-server/access.ts';
export {
  establishNodeIdentity,
  type NodeIdentity,
  type NodeIdentityOptions,
  type ServingTls,
} from './certificates/node-identity.ts';
export { IdentityError, type IdentityErrorCode } from './certificates/identity-error.ts';
export { type Kubeconfig, openKubeconfig } from './certificates/kubeconfig.ts';
export { logPath } from './logs/log-paths.ts';
export type { LogSelection, LogStream } from './logs/log-selection.ts';
export { readLog, type ReadLogOptions } from './logs/read-log.ts';
