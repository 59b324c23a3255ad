import type { V1Affinity, V1Container, V1Taint, V1Toleration } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { refusal } from '../../../src/pods/admission.ts';
import { matchesNode } from '../../../src/pods/node-affinity.ts';
import { type Pod, parsePod } from '../../../src/pods/pod.ts';
import { toleratesTaint } from '../../../src/pods/toleration.ts';
import { podManifest, type PodManifestOptions } from '../../fixtures/pod-manifest.ts';

const node = {
  nodeName: 'node-1',
  hostIPs: ['192.0.2.1'],
  allocatable: { cpuCores: 2, memoryBytes: 1024 ** 3, ephemeralStorageBytes: 1024 ** 3 },
  labels: { zone: 'a', size: '8' },
  taints: [],
  maxPods: 3,
};

const podOf = (options: PodManifestOptions = {}): Pod =>
  parsePod(podManifest('p', { metadata: { name: 'p', namespace: 'default', uid: 'u' }, ...options }))!;
const asking = (requests: Record<string, string>, more: Partial<V1Container> = {}): V1Container => ({
  name: 'c',
  image: 'x',
  resources: { requests },
  ...more,
});
const refused = (options: PodManifestOptions, others: readonly Pod[] = [], changes: object = {}) =>
  refusal(podOf(options), { node: { ...node, ...changes }, others });

describe('a pod is refused', () => {
  test('that names an operating system', () => {
    expect(refused({ os: { name: 'linux' } })).toEqual({
      reason: 'PodOSNotSupported',
      message: "Failed to admit pod as the OS field doesn't match node OS",
    });
  });

  test.each([
    ['spec.hostPID', { hostPID: true }],
    ['spec.hostIPC', { hostIPC: true }],
    ['of container "c"', { containers: [{ name: 'c', securityContext: { privileged: true } }] }],
    ['of container "c"', { initContainers: [{ name: 'c', securityContext: { privileged: true } }] }],
  ])('that wants power over the host: %s', (words, options) => {
    const verdict = refused(options);
    expect(verdict?.reason).toBe('UnexpectedAdmissionError');
    expect(verdict?.message).toContain(words);
  });

  test('when the node has as many pods as it takes', () => {
    expect(refused({}, [podOf(), podOf()])).toBeUndefined();
    expect(refused({}, [podOf(), podOf(), podOf()])).toEqual({
      reason: 'OutOfpods',
      message: "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
    });
  });

  test('that asks for more CPU than is left, in thousandths', () => {
    const other = podOf({ containers: [asking({ cpu: '1500m' })] });
    expect(refused({ containers: [asking({ cpu: '0.5' })] }, [other])).toBeUndefined();
    expect(refused({ containers: [asking({ cpu: '501m' })] }, [other])).toEqual({
      reason: 'OutOfcpu',
      message: "Node didn't have enough resource: cpu, requested: 501, used: 1500, capacity: 2000",
    });
  });

  test('that asks for more memory than there is', () => {
    expect(refused({ containers: [asking({ memory: '1025Mi' })] })).toEqual({
      reason: 'OutOfmemory',
      message:
        "Node didn't have enough resource: memory, requested: 1074790400, used: 0, capacity: 1073741824",
    });
    expect(refused({ containers: [asking({ 'ephemeral-storage': '2Gi' })] })?.reason).toBe(
      'OutOfephemeral-storage',
    );
  });

  test('by its greediest init step, in which the sidecars before it count', () => {
    const sidecar = asking({ cpu: '1' }, { name: 's', restartPolicy: 'Always' });
    const init = (cpu: string) => asking({ cpu }, { name: 'i' });
    expect(
      refused({ initContainers: [sidecar, init('1')], containers: [asking({ cpu: '1' })] }),
    ).toBeUndefined();
    expect(refused({ initContainers: [sidecar, init('1.1')] })?.message).toContain('requested: 2100');
    expect(refused({ initContainers: [init('1.1'), sidecar] })).toBeUndefined();
    expect(refused({ initContainers: [sidecar], containers: [asking({ cpu: '1.2' })] })?.reason).toBe(
      'OutOfcpu',
    );
  });

  test('that selects another node', () => {
    expect(refused({ nodeSelector: { zone: 'b' } })).toEqual({
      reason: 'NodeAffinity',
      message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    });
  });

  test("that does not tolerate a NoExecute taint; NoSchedule is the scheduler's", () => {
    expect(refused({}, [], taint('NoExecute'))).toEqual({
      reason: 'TaintToleration',
      message: "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
    });
    expect(refused({}, [], taint('NoSchedule'))).toBeUndefined();
    expect(
      refused({ tolerations: [{ key: 'k', operator: 'Exists' }] }, [], taint('NoExecute')),
    ).toBeUndefined();
  });
});

test.each<[V1Toleration, boolean]>([
  [{ key: 'k', value: 'v', effect: 'NoExecute' }, true],
  [{ key: 'k', operator: 'Equal', value: 'v' }, true],
  [{ key: 'k', operator: 'Equal', value: 'w' }, false],
  [{ key: 'k', operator: 'Exists' }, true],
  [{ key: 'k', operator: 'Exists', effect: 'NoSchedule' }, false],
  [{ key: 'other', operator: 'Exists' }, false],
  [{ operator: 'Exists' }, true],
  [{ operator: 'Equal', value: 'v' }, false],
])('toleration %o tolerates k=v:NoExecute: %s', (toleration, expected) => {
  expect(toleratesTaint(toleration, { key: 'k', value: 'v', effect: 'NoExecute' })).toBe(expected);
});

test.each<[string, readonly string[] | undefined, boolean]>([
  ['In', ['a', 'b'], true],
  ['In', ['b'], false],
  ['NotIn', ['b'], true],
  ['NotIn', ['a'], false],
  ['Exists', undefined, true],
  ['DoesNotExist', undefined, false],
  ['Matches', ['a'], false],
])('an affinity of zone %s %o fits zone=a: %s', (operator, values, expected) => {
  expect(matchesNode(podOf(requiring({ key: 'zone', operator, values })), node)).toBe(expected);
});

test.each([
  ['Gt', '7', true],
  ['Gt', '8', false],
  ['Lt', '9', true],
  ['Lt', '8', false],
])('an affinity of size %s %s fits size=8: %s', (operator, value, expected) => {
  expect(matchesNode(podOf(requiring({ key: 'size', operator, values: [value] })), node)).toBe(expected);
});

test('terms are alternatives, an empty one fits no node, and fields name the node', () => {
  const no = { matchExpressions: [{ key: 'zone', operator: 'In', values: ['b'] }] };
  const yes = { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node-1'] }] };
  expect(matchesNode(podOf(terms(no, yes)), node)).toBe(true);
  expect(matchesNode(podOf(terms(no, {})), node)).toBe(false);
  expect(matchesNode(podOf(terms({ ...no, ...yes })), node)).toBe(false);
});

function taint(effect: string): { taints: V1Taint[] } {
  return { taints: [{ key: 'k', value: 'v', effect }] };
}

function terms(...nodeSelectorTerms: object[]): PodManifestOptions {
  return { affinity: affinity(nodeSelectorTerms) };
}

function requiring(expression: object): PodManifestOptions {
  return { affinity: affinity([{ matchExpressions: [expression] }]) };
}

function affinity(nodeSelectorTerms: object[]): V1Affinity {
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
}
