import { randomUUID } from 'node:crypto';
import type { V1ObjectMeta } from '@kubernetes/client-node';
import type { Clock } from '../../node/clock.ts';
import { ClusterError } from '../cluster.ts';

/** The kinds that the memory cluster keeps. */
export type StoredKind = 'Pod' | 'ConfigMap' | 'Secret' | 'Service' | 'Node' | 'Lease';

/** JSON of a Kubernetes object as it is on the wire. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: V1ObjectMeta;
  readonly spec?: unknown;
  readonly status?: unknown;
}

export interface StoredObject extends KubeObject {
  readonly apiVersion: string;
  readonly kind: StoredKind;
  readonly metadata: V1ObjectMeta & {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
}

export interface StoreChange {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly object: StoredObject;
}

/** Objects by kind, namespace and name, with the bookkeeping of an API server. Stored objects are frozen. */
export interface ObjectStore {
  get(kind: StoredKind, namespace: string | undefined, name: string): StoredObject | undefined;
  /** Rejects like the API server when it is not there. */
  require(kind: StoredKind, namespace: string | undefined, name: string): StoredObject;
  list(kind: StoredKind): readonly StoredObject[];
  /** Creates or replaces; gives the object uid, creation time, resource version and generation. */
  put(object: KubeObject): StoredObject;
  remove(object: StoredObject): void;
  /** Returns what ends the subscription. */
  subscribe(listener: (change: StoreChange) => void): () => void;
}

export function createObjectStore(clock: Clock): ObjectStore {
  const objects = new Map<string, StoredObject>();
  const listeners = new Set<(change: StoreChange) => void>();
  let version = 0;

  const notify = (change: StoreChange): void => {
    for (const listener of listeners) listener(change);
  };

  return {
    get: (kind, namespace, name) => objects.get(keyOf(kind, namespace, name)),
    require(kind, namespace, name) {
      const object = objects.get(keyOf(kind, namespace, name));
      if (object === undefined) throw notFound(kind, name);
      return object;
    },
    list: (kind) => [...objects.values()].filter((object) => object.kind === kind),
    put(object) {
      const { kind, apiVersion } = identify(object);
      const name = object.metadata?.name;
      if (!name) throw new ClusterError('Invalid', `${kind} without metadata.name`, { status: 422 });
      const key = keyOf(kind, object.metadata?.namespace, name);
      const existing = objects.get(key);
      version++;
      const stored = deepFreeze({
        ...structuredClone(object),
        apiVersion,
        kind,
        metadata: {
          ...structuredClone(object.metadata),
          name,
          uid: existing?.metadata.uid ?? object.metadata?.uid ?? randomUUID(),
          creationTimestamp: existing?.metadata.creationTimestamp ?? wireTime(clock.now()),
          resourceVersion: String(version),
          generation: nextGeneration(existing, object),
        },
      }) as StoredObject;
      objects.set(key, stored);
      notify({ type: existing === undefined ? 'added' : 'modified', object: stored });
      return stored;
    },
    remove(object) {
      const { kind, metadata } = object;
      const key = keyOf(kind, metadata.namespace, metadata.name);
      if (objects.get(key)?.metadata.uid !== metadata.uid) return;
      objects.delete(key);
      version++;
      notify({ type: 'deleted', object });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function notFound(kind: StoredKind, name: string): ClusterError {
  const resource = `${kind.toLowerCase()}s`;
  return new ClusterError('NotFound', `${resource} "${name}" not found`, { status: 404 });
}

/** Second precision, as the API server writes times; typed as a date, as the client library types it. */
export function wireTime(date: Date): Date {
  return date.toISOString().replace(/\.\d+Z$/, 'Z') as unknown as Date;
}

const apiVersions: Readonly<Record<StoredKind, string>> = {
  Pod: 'v1',
  ConfigMap: 'v1',
  Secret: 'v1',
  Service: 'v1',
  Node: 'v1',
  Lease: 'coordination.k8s.io/v1',
};

function identify(object: KubeObject): { kind: StoredKind; apiVersion: string } {
  const kind = object.kind as StoredKind;
  const apiVersion = apiVersions[kind];
  if (apiVersion === undefined) {
    const known = Object.keys(apiVersions).join(', ');
    throw new ClusterError('Invalid', `cannot keep objects of kind "${object.kind}", only ${known}`, {
      status: 422,
    });
  }
  return { kind, apiVersion };
}

function keyOf(kind: StoredKind, namespace: string | undefined, name: string): string {
  return `${kind}/${namespace ?? ''}/${name}`;
}

function nextGeneration(existing: StoredObject | undefined, object: KubeObject): number {
  if (existing === undefined) return 1;
  const generation = existing.metadata.generation ?? 1;
  const isSameSpec = JSON.stringify(existing.spec) === JSON.stringify(object.spec);
  const isDeletion =
    existing.metadata.deletionTimestamp === undefined && object.metadata?.deletionTimestamp !== undefined;
  return isSameSpec && !isDeletion ? generation : generation + 1;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const child of Object.values(value)) deepFreeze(child);
    Object.freeze(value);
  }
  return value;
}
