import type { V1Service } from '@kubernetes/client-node';
import type { ObjectReader, WatchedKind } from '../cluster.ts';
import type { ObjectStore, StoredKind } from './object-store.ts';

export function memoryObjects(store: ObjectStore): ObjectReader {
  return {
    async configMap(namespace, name, { signal } = {}) {
      signal?.throwIfAborted();
      return store.require('ConfigMap', namespace, name);
    },
    async secret(namespace, name, { signal } = {}) {
      signal?.throwIfAborted();
      return store.require('Secret', namespace, name);
    },
    watch(kind, namespace, name, onChange) {
      const unsubscribe = store.subscribe(({ type, object }) => {
        if (object.kind !== storedKinds[kind]) return;
        if (object.metadata.namespace !== namespace || object.metadata.name !== name) return;
        onChange(type === 'deleted' ? undefined : object);
      });
      return {
        [Symbol.asyncDispose]() {
          unsubscribe();
          return Promise.resolve();
        },
      };
    },
    async services({ signal } = {}) {
      signal?.throwIfAborted();
      return store.list('Service') as readonly V1Service[];
    },
  };
}

const storedKinds: Readonly<Record<WatchedKind, StoredKind>> = { configMap: 'ConfigMap', secret: 'Secret' };
