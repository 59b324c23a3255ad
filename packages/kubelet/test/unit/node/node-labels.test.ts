import { expect, test } from 'vitest';
import { nodeLabels } from '../../../src/node/node-labels.ts';

const description = { arch: 'wasm32-wasi', os: 'wasi' };

test('a node has its own labels and those of the operator', () => {
  expect(nodeLabels(description, 'host', { team: 'a', 'example.com/x': '' })).toEqual({
    labels: {
      'kubernetes.io/arch': 'wasm32-wasi',
      'kubernetes.io/os': 'wasi',
      'beta.kubernetes.io/arch': 'wasm32-wasi',
      'beta.kubernetes.io/os': 'wasi',
      'kubernetes.io/hostname': 'host',
      type: 'virtual-kubelet',
      team: 'a',
      'example.com/x': '',
    },
    dropped: [],
  });
});

test.each([
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/anything',
  'sub.kubelet.kubernetes.io/x',
])('a node may set %s', (key) => {
  expect(nodeLabels(description, 'host', { [key]: 'v' }).labels).toHaveProperty([key], 'v');
});

test.each([
  ['node-role.kubernetes.io/worker', ''],
  ['node-restriction.kubernetes.io/x', 'v'],
  ['kubernetes.io/role', 'agent'],
  ['foo.k8s.io/x', 'v'],
  ['kubernetes.io/arch', 'amd64'],
  ['-bad', 'v'],
  ['Bad.Prefix/x', 'v'],
  ['good', 'bad value'],
  ['good', 'x'.repeat(64)],
])('a node does not set %s=%s and says why', (key, value) => {
  const { labels, dropped } = nodeLabels(description, 'host', { [key]: value, kept: 'yes' });
  expect(labels['kept']).toBe('yes');
  expect(labels[key]).not.toBe(value);
  expect(dropped).toEqual([{ key, reason: expect.any(String) as string }]);
});
