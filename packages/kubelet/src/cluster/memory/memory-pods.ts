import type { PodFeed, StatusWriter } from '../cluster.ts';
import { ClusterError } from '../cluster.ts';
import { createPodEventQueue } from '../pod-event-queue.ts';
import { type Pod, parsePod } from '../../pods/pod.ts';
import type { PodIdentity } from '../../provider.ts';
import { notFound, type ObjectStore, type StoredObject } from './object-store.ts';
import { strategicMerge } from './strategic-merge.ts';

export function memoryPodFeed(store: ObjectStore, nodeName: string): PodFeed {
  return {
    async *watch({ signal }) {
      const queue = createPodEventQueue();
      const unsubscribe = store.subscribe(({ type, object }) => {
        const pod = podOf(object, nodeName);
        if (pod !== undefined) queue.push({ type, pod });
      });
      const stop = (): void => queue.end();
      signal.addEventListener('abort', stop, { once: true });
      try {
        if (signal.aborted) return;
        for (const object of store.list('Pod')) {
          const pod = podOf(object, nodeName);
          if (pod !== undefined) queue.push({ type: 'added', pod });
        }
        queue.push({ type: 'synced' });
        yield* queue;
      } finally {
        unsubscribe();
        signal.removeEventListener('abort', stop);
      }
    },
  };
}

export function memoryStatusWriter(store: ObjectStore): StatusWriter {
  return {
    async patchPod(identity, status, { signal } = {}) {
      signal?.throwIfAborted();
      const pod = requirePod(store, identity);
      const merged = strategicMerge({ status: pod.status ?? {} }, { status });
      return store.put({ ...pod, ...merged }) as StoredObject & Pod;
    },
    async deletePod(identity, { signal } = {}) {
      signal?.throwIfAborted();
      const pod = store.get('Pod', identity.namespace, identity.name);
      if (pod?.metadata.uid === identity.uid) store.remove(pod);
    },
  };
}

/** This very pod, not another one of the same name. */
export function requirePod(store: ObjectStore, { namespace, name, uid }: PodIdentity): StoredObject {
  const pod = store.require('Pod', namespace, name);
  if (pod.metadata.uid !== uid) throw new ClusterError(...staleUid(name));
  return pod;
}

function staleUid(name: string): ConstructorParameters<typeof ClusterError> {
  return ['NotFound', `${notFound('Pod', name).message}: another pod has this name now`, { status: 409 }];
}

function podOf(object: StoredObject, nodeName: string): Pod | undefined {
  if (object.kind !== 'Pod') return undefined;
  const pod = parsePod(object);
  return pod?.spec.nodeName === nodeName ? pod : undefined;
}
