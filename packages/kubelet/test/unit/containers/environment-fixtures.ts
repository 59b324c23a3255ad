import type { V1ObjectMeta, V1PodSpec } from '@kubernetes/client-node';
import type { NodeFacts } from '../../../src/node/node-facts.ts';
import type { Pod } from '../../../src/pods/pod.ts';

export const testNode: NodeFacts = {
  nodeName: 'n1',
  hostIPs: ['192.0.2.1', '2001:db8::1'],
  allocatable: { cpuCores: 1.93, memoryBytes: 2 ** 31, ephemeralStorageBytes: 2 ** 30 },
};

export function testPod(parts: {
  readonly metadata?: V1ObjectMeta;
  readonly spec?: Partial<V1PodSpec>;
}): Pod {
  return {
    metadata: { ...parts.metadata, name: 'p', namespace: 'ns', uid: 'u-1' },
    spec: { containers: [{ name: 'c' }], ...parts.spec },
  };
}
