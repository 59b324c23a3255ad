import { describe, expect, test } from 'vitest';
import { ClusterError } from '../../../src/cluster/cluster.ts';
import { mebibyte, type NodeSetup, setUpNode } from './node-fixture.ts';

function status({ cluster }: NodeSetup) {
  return cluster.get('Node', undefined, 'n1')?.status;
}

function statusCalls({ calls }: NodeSetup): readonly string[] {
  return calls.filter((call) => call.endsWith('patchStatus'));
}

function conditions(setup: NodeSetup): readonly string[] {
  return (status(setup)?.conditions ?? []).map(({ type, status: is, reason }) => `${type} ${is} ${reason}`);
}

describe('the status of a node', () => {
  test('has the four conditions of a kubelet, Ready last, in upstream’s words', async () => {
    await using setup = setUpNode();
    await setup.start();
    expect(conditions(setup)).toEqual([
      'MemoryPressure False KubeletHasSufficientMemory',
      'DiskPressure False KubeletHasNoDiskPressure',
      'PIDPressure False KubeletHasSufficientPID',
      'Ready True KubeletReady',
    ]);
    expect(status(setup)?.conditions?.at(-1)?.message).toBe('kubelet is posting ready status');
    expect(status(setup)?.daemonEndpoints).toEqual({ kubeletEndpoint: { Port: 10_250 } });
    expect(setup.calls.filter((call) => call === 'ready')).toHaveLength(1);
    expect(setup.events.map(({ reason, message }) => `${reason}: ${message}`)).toContain(
      'NodeReady: Node n1 status is now: NodeReady',
    );
  });

  test('is written after five minutes when nothing has changed, the first time after half of that or more', async () => {
    await using setup = setUpNode();
    await setup.start();
    await setup.time.advance(149_000);
    expect(statusCalls(setup)).toEqual(['0 patchStatus']);
    await setup.time.advance(1_000 + 300_000);
    expect(statusCalls(setup)).toEqual(['0 patchStatus', '150 patchStatus', '450 patchStatus']);
  });

  test('says within ten seconds that the node cannot run containers, and that it can again', async () => {
    await using setup = setUpNode();
    await setup.start();
    setup.provider.setHealth({ healthy: false, message: 'no guest host starts' });
    await setup.time.advance(10_000);
    expect(status(setup)?.conditions?.at(-1)).toMatchObject({
      status: 'False',
      reason: 'KubeletNotReady',
      message: 'no guest host starts',
      lastTransitionTime: '2026-01-01T00:00:10Z',
    });
    setup.provider.setHealth({ healthy: true });
    await setup.time.advance(10_000);
    expect(conditions(setup).at(-1)).toBe('Ready True KubeletReady');
    expect(setup.events.map(({ reason }) => reason).slice(-2)).toEqual(['NodeNotReady', 'NodeReady']);
  });

  test.each([
    [{ freeMemoryBytes: 99 * mebibyte }, 'MemoryPressure True KubeletHasInsufficientMemory'],
    [{ freeStorageBytes: 2_047 * mebibyte }, 'DiskPressure True KubeletHasDiskPressure'],
    [{ freePids: { free: 4, limit: 100 } }, 'PIDPressure True KubeletHasInsufficientPID'],
  ])('says when the machine has only %j', async (usage, expected) => {
    await using setup = setUpNode();
    await setup.start();
    setup.usage.value = { ...setup.usage.value, ...usage };
    await setup.time.advance(10_000);
    expect(conditions(setup)).toContain(expected);
  });

  test('leaves the conditions of others alone, and keeps the time of a transition', async () => {
    await using setup = setUpNode();
    await setup.start();
    await setup.cluster.nodes.patchStatus('n1', {
      status: { conditions: [{ type: 'NetworkUnavailable', status: 'False' }] },
    });
    await setup.time.advance(150_000);
    expect(conditions(setup)).toContain('NetworkUnavailable False undefined');
    const ready = status(setup)?.conditions?.find(({ type }) => type === 'Ready');
    expect(ready).toMatchObject({
      lastTransitionTime: '2026-01-01T00:00:00Z',
      lastHeartbeatTime: '2026-01-01T00:02:30Z',
    });
  });

  test('is tried five times at once, then again ten seconds later', async () => {
    await using setup = setUpNode();
    setup.faults.patchStatus = Array.from({ length: 6 }, () => new ClusterError('Unavailable', 'away'));
    await setup.start();
    await setup.time.advance(10_000);
    expect(statusCalls(setup)).toEqual([
      ...Array.from({ length: 5 }, () => '0 patchStatus'),
      '10 patchStatus',
      '10 patchStatus',
    ]);
    expect(conditions(setup).at(-1)).toBe('Ready True KubeletReady');
  });

  test('makes the node again when somebody has deleted it', async () => {
    await using setup = setUpNode();
    await setup.start();
    setup.cluster.remove('Node', undefined, 'n1');
    setup.usage.value = { ...setup.usage.value, freeMemoryBytes: 0 };
    await setup.time.advance(10_000);
    expect(setup.cluster.get('Node', undefined, 'n1')?.spec?.taints).toHaveLength(1);
    expect(conditions(setup)).toContain('MemoryPressure True KubeletHasInsufficientMemory');
  });

  test('is written anew when the lease has lapsed, as the cluster calls the node Unknown by then', async () => {
    await using setup = setUpNode();
    await setup.start();
    setup.faults.updateLease = Array.from({ length: 6 }, () => new ClusterError('Unavailable', 'away'));
    setup.faults.getLease = Array.from({ length: 29 }, () => new ClusterError('Unavailable', 'away'));
    await setup.time.advance(45_000);
    await setup.cluster.nodes.patchStatus('n1', {
      status: { conditions: [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' }] },
    });
    await setup.time.advance(35_000);
    expect(conditions(setup)).toContain('Ready True KubeletReady');
  });
});
