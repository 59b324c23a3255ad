import type { V1Lease, V1Node } from '@kubernetes/client-node';
import type { NodeRegistry } from '../cluster.ts';
import { ClusterError } from '../cluster.ts';
import type { KubeObject, ObjectStore, StoredObject } from './object-store.ts';
import { strategicMerge } from './strategic-merge.ts';

const leaseNamespace = 'kube-node-lease';

export function memoryNodes(store: ObjectStore): NodeRegistry {
  const create = (object: KubeObject): StoredObject => {
    const { namespace, name = '' } = object.metadata ?? {};
    if (store.get(object.kind as 'Node' | 'Lease', namespace, name) !== undefined) {
      throw new ClusterError('AlreadyExists', `${object.kind} "${name}" already exists`, { status: 409 });
    }
    return store.put(object);
  };

  const patchNode = (name: string, patch: Readonly<Record<string, unknown>>): V1Node => {
    const node = store.require('Node', undefined, name);
    return store.put(strategicMerge({ ...node }, patch)) as V1Node;
  };

  return {
    async create(node, { signal } = {}) {
      signal?.throwIfAborted();
      return create({ ...node, kind: 'Node' }) as V1Node;
    },
    async get(name, { signal } = {}) {
      signal?.throwIfAborted();
      return store.require('Node', undefined, name) as V1Node;
    },
    async patch(name, patch, { signal } = {}) {
      signal?.throwIfAborted();
      const { status: _ignored, ...rest } = patch;
      return patchNode(name, rest);
    },
    async patchStatus(name, patch, { signal } = {}) {
      signal?.throwIfAborted();
      const { spec: _ignored, ...rest } = patch;
      return patchNode(name, rest);
    },
    async getLease(name, { signal } = {}) {
      signal?.throwIfAborted();
      return store.require('Lease', leaseNamespace, name) as V1Lease;
    },
    async createLease(lease, { signal } = {}) {
      signal?.throwIfAborted();
      const metadata = { ...lease.metadata, namespace: leaseNamespace };
      return create({ ...lease, kind: 'Lease', metadata }) as V1Lease;
    },
    async updateLease(lease, { signal } = {}) {
      signal?.throwIfAborted();
      const stored = store.require('Lease', leaseNamespace, lease.metadata?.name ?? '');
      const version = lease.metadata?.resourceVersion;
      if (version !== undefined && version !== stored.metadata.resourceVersion) {
        throw new ClusterError('Conflict', `lease "${stored.metadata.name}" has been modified`, {
          status: 409,
        });
      }
      return store.put({ ...stored, ...lease, kind: 'Lease' }) as V1Lease;
    },
  };
}
