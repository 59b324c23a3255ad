/**
 * The kubelet's other side as a port: what it needs of a cluster. Implemented over an API server
 * (`./api-server`) and in memory (`./memory`); the second is standalone mode, `wasmlet play` and the tests.
 */
import type { V1ConfigMap, V1Lease, V1Node, V1Secret, V1Service } from '@kubernetes/client-node';
import type { AbortOptions, PodIdentity } from '../provider.ts';
import type { Pod } from '../pods/pod.ts';

export interface Cluster {
  readonly pods: PodFeed;
  readonly objects: ObjectReader;
  readonly tokens: TokenIssuer;
  readonly status: StatusWriter;
  readonly events: EventSink;
  readonly authorizer: Authorizer;
  readonly nodes: NodeRegistry;
}

/** Pods that are bound to this node. */
export type PodEvent =
  | { readonly type: 'added' | 'modified'; readonly pod: Pod }
  /** The object is gone. `pod` is its last known state. */
  | { readonly type: 'deleted'; readonly pod: Pod }
  /** A full list has been delivered: what was not in it does not exist. */
  | { readonly type: 'synced' };

export interface PodFeed {
  /**
   * All pods of this node, then their changes, without an end until `signal` aborts. Resumes by itself
   * after lost connections; another uid under the same name arrives as `deleted` and `added`.
   */
  watch(options: { readonly signal: AbortSignal }): AsyncIterable<PodEvent>;
}

/** Objects that a pod refers to, one by one, by name: all that a node identity may read. */
export interface ObjectReader {
  /** Rejects with {@link ClusterError} `NotFound` when it does not exist. */
  configMap(namespace: string, name: string, options?: AbortOptions): Promise<V1ConfigMap>;
  secret(namespace: string, name: string, options?: AbortOptions): Promise<V1Secret>;
  /** Calls `onChange` with each new state (`undefined`: deleted) until the returned watch is disposed. */
  watch<K extends WatchedKind>(
    kind: K,
    namespace: string,
    name: string,
    onChange: (object: WatchedObject[K] | undefined) => void,
  ): ObjectWatch;
  /** Services of all namespaces, for service environment variables. */
  services(options?: AbortOptions): Promise<readonly V1Service[]>;
}

export interface WatchedObject {
  readonly configMap: V1ConfigMap;
  readonly secret: V1Secret;
}
export type WatchedKind = keyof WatchedObject;

export type ObjectWatch = AsyncDisposable;

export interface BoundTokenRequest {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Absent: the API server's own audience. */
  readonly audience?: string;
  readonly expirationSeconds: number;
  readonly pod: PodIdentity;
}

export interface BoundToken {
  readonly token: string;
  readonly expiresAt: Date;
}

export interface TokenIssuer {
  /** A service-account token bound to the pod (TokenRequest API). */
  request(request: BoundTokenRequest, options?: AbortOptions): Promise<BoundToken>;
}

export interface StatusWriter {
  /**
   * Strategic-merge patch of `pods/<name>/status`, guarded by the uid. Resolves with the pod as stored.
   * Rejects with `NotFound` when the pod, or this uid of it, is gone.
   */
  patchPod(pod: PodIdentity, status: PodStatusPatch, options?: AbortOptions): Promise<Pod>;
  /** Final DELETE with `gracePeriodSeconds: 0` and the uid as precondition. A pod that is gone is success. */
  deletePod(pod: PodIdentity, options?: AbortOptions): Promise<void>;
}

/** `V1PodStatus` as JSON; `null` clears a field. */
export type PodStatusPatch = Readonly<Record<string, unknown>>;

export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly fieldPath?: string;
}

export interface KubeEvent {
  readonly regarding: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface EventSink {
  /** Queues an event. Never throws and never waits; repeats are counted, floods are dropped. */
  record(event: KubeEvent): void;
}

/** Who is calling the kubelet's API. */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface AccessAttributes {
  readonly verb: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
}

export interface Authorizer {
  /** TokenReview. `undefined`: the token is not valid here. */
  authenticate(token: string, options?: AbortOptions): Promise<UserInfo | undefined>;
  /** SubjectAccessReview. */
  authorize(
    user: UserInfo,
    attributes: AccessAttributes,
    options?: AbortOptions,
  ): Promise<{ readonly allowed: boolean; readonly reason: string }>;
}

/** The node's own object and lease. */
export interface NodeRegistry {
  /** Creates the node; when it exists, `AlreadyExists`. */
  create(node: V1Node, options?: AbortOptions): Promise<V1Node>;
  get(name: string, options?: AbortOptions): Promise<V1Node>;
  /** Strategic-merge patch of the node (labels, annotations). */
  patch(name: string, patch: Readonly<Record<string, unknown>>, options?: AbortOptions): Promise<V1Node>;
  /** Strategic-merge patch of `nodes/<name>/status`. */
  patchStatus(
    name: string,
    patch: Readonly<Record<string, unknown>>,
    options?: AbortOptions,
  ): Promise<V1Node>;
  getLease(name: string, options?: AbortOptions): Promise<V1Lease>;
  createLease(lease: V1Lease, options?: AbortOptions): Promise<V1Lease>;
  /** PUT of a whole lease; `Conflict` when its resourceVersion is stale. */
  updateLease(lease: V1Lease, options?: AbortOptions): Promise<V1Lease>;
}

export type ClusterErrorCode =
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  /** The resource version is too old (410): list again. */
  | 'Gone'
  | 'Invalid'
  | 'Unauthorized'
  | 'Forbidden'
  | 'TooManyRequests'
  /** The server cannot be reached, timed out, or answered 5xx. */
  | 'Unavailable';

/** What every call of a {@link Cluster} rejects with, besides an abort's reason. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  readonly code: ClusterErrorCode;
  /** HTTP status, where there was one. */
  readonly status?: number;
  /** Server's `Retry-After` in milliseconds. */
  readonly retryAfterMs?: number;
  constructor(
    code: ClusterErrorCode,
    message: string,
    options: { readonly status?: number; readonly retryAfterMs?: number; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.status !== undefined) this.status = options.status;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}
