import type { V1Lease, V1Node } from '@kubernetes/client-node';
import type { NodeRegistry } from '../cluster.ts';
import { apiPath, strategicMergePatch, type Transport } from './transport.ts';

const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';

export function apiNodes(transport: Transport): NodeRegistry {
  return {
    create: async (node, abort) =>
      (await transport.call(
        { method: 'POST', path: '/api/v1/nodes', body: { ...node, apiVersion: 'v1', kind: 'Node' } },
        abort,
      )) as V1Node,
    get: async (name, abort) =>
      (await transport.call({ method: 'GET', path: apiPath('api/v1/nodes', name) }, abort)) as V1Node,
    patch: async (name, body, abort) =>
      (await transport.call(
        { method: 'PATCH', path: apiPath('api/v1/nodes', name), contentType: strategicMergePatch, body },
        abort,
      )) as V1Node,
    patchStatus: async (name, body, abort) =>
      (await transport.call(
        {
          method: 'PATCH',
          path: apiPath('api/v1/nodes', name, 'status'),
          contentType: strategicMergePatch,
          body,
        },
        abort,
      )) as V1Node,
    getLease: async (name, abort) =>
      (await transport.call({ method: 'GET', path: leasePath(name) }, abort)) as V1Lease,
    createLease: async (lease, abort) =>
      (await transport.call({ method: 'POST', path: leases, body: typedLease(lease) }, abort)) as V1Lease,
    updateLease: async (lease, abort) =>
      (await transport.call(
        { method: 'PUT', path: leasePath(lease.metadata?.name ?? ''), body: typedLease(lease) },
        abort,
      )) as V1Lease,
  };
}

function leasePath(name: string): string {
  return `${leases}/${encodeURIComponent(name)}`;
}

function typedLease(lease: V1Lease): V1Lease {
  return { ...lease, apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
}
