import type {
  V1ConfigMap,
  V1Lease,
  V1Node,
  V1ObjectMeta,
  V1Pod,
  V1Secret,
  V1Service,
} from '@kubernetes/client-node';
import { type Clock, systemClock } from '../../node/clock.ts';
import { type Pod, parsePod } from '../../pods/pod.ts';
import type { Authorizer, Cluster, KubeEvent } from '../cluster.ts';
import { ClusterError } from '../cluster.ts';
import { memoryNodes } from './memory-nodes.ts';
import { memoryPodFeed, memoryStatusWriter } from './memory-pods.ts';
import { memoryObjects } from './memory-objects.ts';
import { memoryTokens } from './memory-tokens.ts';
import {
  createObjectStore,
  type StoreChange,
  type StoredKind,
  type StoredObject,
  wireTime,
} from './object-store.ts';
import { defaultedPod } from './pod-defaults.ts';

export interface MemoryClusterOptions {
  /** The one node; pods without `spec.nodeName` are bound to it. */
  readonly nodeName: string;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /**
   * What a projected `serviceAccountToken` volume gets: a JWT that nobody has signed, or an error.
   * @default 'unsigned'
   */
  readonly tokens?: 'unsigned' | 'refused';
  /** Who may call the kubelet's API. @default nobody */
  readonly authorizer?: Authorizer;
}

export interface StoredTypes {
  readonly Pod: Pod;
  readonly ConfigMap: V1ConfigMap;
  readonly Secret: V1Secret;
  readonly Service: V1Service;
  readonly Node: V1Node;
  readonly Lease: V1Lease;
}

/** An object as a person writes it: `kind` says which; uid, versions and defaults are filled in. */
export type Manifest = V1Pod | V1ConfigMap | V1Secret | V1Service | V1Node | V1Lease;

/**
 * A cluster of one node that lives in this process: what a kubelet sees of an API server, with a
 * scheduler that has bound every pod already. Standalone mode and tests run on it.
 */
export interface MemoryCluster extends Cluster {
  /**
   * Creates an object, or replaces an existing one and keeps its uid and status, as `kubectl apply` would.
   * Throws {@link ClusterError} `Invalid` for a kind that it does not keep or an object without a name, and
   * `Conflict` for a pod that is being deleted.
   */
  apply(manifest: Manifest): StoredObject;
  /**
   * Deletes a pod as `kubectl delete` does: it gets a deletion timestamp and stays until the kubelet lets
   * go of it. A grace period of 0, and a pod that has ended, go at once.
   */
  delete(
    pod: { readonly namespace: string; readonly name: string },
    options?: { readonly gracePeriodSeconds?: number },
  ): void;
  /** Removes any object at once. Nothing happens when it is not there. */
  remove(kind: StoredKind, namespace: string | undefined, name: string): void;
  get<K extends StoredKind>(kind: K, namespace: string | undefined, name: string): StoredTypes[K] | undefined;
  list<K extends StoredKind>(kind: K): readonly StoredTypes[K][];
  /** Calls `observer` with every event that the kubelet records; returns what ends that. */
  onEvent(observer: (event: KubeEvent) => void): () => void;
  /** Calls `observer` with every change of a stored object; returns what ends that. */
  onChange(observer: (change: StoreChange) => void): () => void;
}

export function createMemoryCluster(options: MemoryClusterOptions): MemoryCluster {
  const { nodeName, clock = systemClock, tokens = 'unsigned', authorizer = nobody } = options;
  const store = createObjectStore(clock);
  const observers = new Set<(event: KubeEvent) => void>();

  return {
    pods: memoryPodFeed(store, nodeName),
    status: memoryStatusWriter(store),
    objects: memoryObjects(store),
    nodes: memoryNodes(store),
    tokens: memoryTokens(store, clock, tokens),
    authorizer,
    events: {
      record(event) {
        for (const observer of observers) observer(event);
      },
    },
    apply(manifest) {
      const kind = manifest.kind as StoredKind;
      const complete = completeManifest(manifest, nodeName, clock.now());
      const metadata = complete.metadata ?? {};
      const existing = store.get(kind, metadata.namespace, metadata.name ?? '');
      if (existing?.metadata.deletionTimestamp !== undefined) {
        const message = `object is being deleted: pods "${existing.metadata.name}" already exists`;
        throw new ClusterError('Conflict', message, { status: 409 });
      }
      if (existing?.status === undefined) return store.put(complete);
      return store.put({ ...complete, status: existing.status });
    },
    delete({ namespace, name }, { gracePeriodSeconds } = {}) {
      const pod = store.require('Pod', namespace, name) as StoredObject & Pod;
      const asked = gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
      const grace = Math.min(asked, pod.metadata.deletionGracePeriodSeconds ?? asked);
      const hasEnded = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
      if (grace === 0 || hasEnded) {
        store.remove(pod);
        return;
      }
      const deletionTimestamp = wireTime(new Date(clock.now().getTime() + grace * 1000));
      store.put({
        ...pod,
        metadata: { ...pod.metadata, deletionTimestamp, deletionGracePeriodSeconds: grace },
      });
    },
    remove(kind, namespace, name) {
      const object = store.get(kind, namespace, name);
      if (object !== undefined) store.remove(object);
    },
    get: <K extends StoredKind>(kind: K, namespace: string | undefined, name: string) =>
      store.get(kind, namespace, name) as StoredTypes[K] | undefined,
    list: <K extends StoredKind>(kind: K) => store.list(kind) as unknown as readonly StoredTypes[K][],
    onEvent(observer) {
      observers.add(observer);
      return () => observers.delete(observer);
    },
    onChange: (observer) => store.subscribe(observer),
  };
}

const nobody: Authorizer = {
  authenticate: () => Promise.resolve(undefined),
  authorize: () => Promise.resolve({ allowed: false, reason: 'there is no API server to ask' }),
};

function completeManifest(manifest: Manifest, nodeName: string, now: Date): Manifest {
  if (manifest.kind === 'Node') return manifest;
  const metadata: V1ObjectMeta = { namespace: 'default', ...manifest.metadata };
  const complete = { ...manifest, metadata };
  if (manifest.kind === 'Pod') return validPod(defaultedPod(complete as V1Pod, nodeName, now));
  if (manifest.kind === 'Secret') return encodedSecret(complete);
  return complete;
}

function validPod(pod: V1Pod): V1Pod {
  const probe = { ...pod, metadata: { ...pod.metadata, uid: 'unknown yet' } };
  if (parsePod(probe) === undefined || pod.spec?.containers.length === 0) {
    const message = `pod "${pod.metadata?.name ?? ''}" needs metadata.name and at least one container`;
    throw new ClusterError('Invalid', message, { status: 422 });
  }
  return pod;
}

/** `stringData` wins over `data` and is only ever written. */
function encodedSecret({ stringData, ...secret }: V1Secret): V1Secret {
  if (stringData === undefined) return secret;
  const encoded = Object.entries(stringData).map(([key, text]) => [
    key,
    Buffer.from(text, 'utf8').toString('base64'),
  ]);
  return { ...secret, data: { ...secret.data, ...Object.fromEntries(encoded) } };
}
