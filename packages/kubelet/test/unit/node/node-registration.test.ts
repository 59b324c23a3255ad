import { describe, expect, test } from 'vitest';
import { ClusterError } from '../../../src/cluster/cluster.ts';
import { archTaint, setUpNode } from './node-fixture.ts';

const unavailable = new ClusterError('Unavailable', 'away');
const { signal } = new AbortController();

describe('registration', () => {
  test('creates the node with labels, taints and what the machine is', async () => {
    await using setup = setUpNode();
    await setup.start();
    const node = setup.cluster.get('Node', undefined, 'n1');
    expect(node).toMatchObject({
      metadata: {
        labels: { 'kubernetes.io/hostname': 'n1', 'kubernetes.io/arch': 'wasm32-test' },
        annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
      },
      spec: { taints: [archTaint] },
      status: {
        capacity: { cpu: '4', memory: '8388608Ki', 'ephemeral-storage': '102400000Ki', pods: '110' },
        allocatable: { cpu: '4', memory: '8286208Ki', 'ephemeral-storage': '100302848Ki', pods: '110' },
        nodeInfo: {
          architecture: 'wasm-test',
          operatingSystem: 'test',
          kubeletVersion: expect.stringMatching(/^v1\.\d+\.\d+\+scripted\.1\.0\.0$/) as string,
          kubeProxyVersion: '',
          containerRuntimeVersion: 'scripted://1.0.0',
        },
        runtimeHandlers: [{ name: '' }],
      },
    });
  });

  test('takes over the node of its name: adds what lacks, keeps what others have set', async () => {
    await using setup = setUpNode();
    setup.cluster.apply({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'n1', labels: { 'kubernetes.io/arch': 'other', team: 'a' } },
      spec: { taints: [{ key: 'dedicated', effect: 'NoSchedule' }] },
    });
    await setup.keeper.register({ signal });
    const node = setup.cluster.get('Node', undefined, 'n1');
    expect(node?.metadata?.labels).toEqual({
      'kubernetes.io/arch': 'wasm32-test',
      'kubernetes.io/hostname': 'n1',
      team: 'a',
    });
    // A node may set taints only when it is created.
    expect(node?.spec?.taints).toEqual([{ key: 'dedicated', effect: 'NoSchedule' }]);
    expect(setup.warnings).toEqual([expect.stringContaining('kubectl delete node n1')]);
    expect(setup.calls).toEqual(['0 create', '0 get', '0 patch']);
  });

  test('patches nothing when the node is as it should be', async () => {
    await using setup = setUpNode();
    await setup.keeper.register({ signal });
    const again = setUpNode();
    await using _again = again;
    again.cluster.apply(setup.cluster.get('Node', undefined, 'n1') as never);
    await again.keeper.register({ signal });
    expect(again.calls).toEqual(['0 create', '0 get']);
  });

  test('is tried again after 0.1 s, 0.2 s … 7 s while the API server is away', async () => {
    await using setup = setUpNode();
    setup.faults.create = Array.from({ length: 9 }, () => unavailable);
    const registering = setup.keeper.register({ signal });
    await setup.time.advance(60_000);
    await registering;
    const seconds = setup.calls.map((call) => Number(call.split(' ')[0]));
    expect(seconds).toEqual([0, 0.1, 0.3, 0.7, 1.5, 3.1, 6.3, 12.7, 19.7, 26.7]);
  });

  test('waits as long as the server says', async () => {
    await using setup = setUpNode();
    setup.faults.create = [new ClusterError('TooManyRequests', 'busy', { retryAfterMs: 9_000 })];
    const registering = setup.keeper.register({ signal });
    await setup.time.advance(9_000);
    await registering;
    expect(setup.calls).toEqual(['0 create', '9 create']);
  });

  test('rejects when the server does not accept the node itself', async () => {
    await using setup = setUpNode();
    setup.faults.create = [new ClusterError('Invalid', 'metadata.name: Invalid value')];
    await expect(setup.keeper.register({ signal })).rejects.toMatchObject({ code: 'Invalid' });
  });
});
