import { describe, expect, test } from 'vitest';
import { ClusterError } from '../../../src/cluster/cluster.ts';
import { type NodeSetup, setUpNode } from './node-fixture.ts';

const conflict = new ClusterError('Conflict', 'modified', { status: 409 });
const unavailable = new ClusterError('Unavailable', 'away');

function lease({ cluster }: NodeSetup) {
  return cluster.get('Lease', 'kube-node-lease', 'n1');
}

/** The calls that concern the lease, since the last look. */
function leaseCalls({ calls }: NodeSetup): readonly string[] {
  return calls.filter((call) => call.includes('Lease'));
}

describe('the lease of a node', () => {
  test('is the node’s own, for 40 s, with a time of six digits', async () => {
    await using setup = setUpNode();
    await setup.start();
    expect(lease(setup)).toMatchObject({
      metadata: {
        namespace: 'kube-node-lease',
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'Node',
            name: 'n1',
            uid: setup.cluster.get('Node', undefined, 'n1')?.metadata?.uid,
          },
        ],
      },
      spec: {
        holderIdentity: 'n1',
        leaseDurationSeconds: 40,
        renewTime: '2026-01-01T00:00:00.000000Z',
      },
    });
  });

  test.each([
    [0, ['10 updateLease', '20 updateLease', '30 updateLease']],
    [1, ['10.4 updateLease', '20.8 updateLease', '31.2 updateLease']],
  ])('is renewed every 10 s with up to 4 %% of jitter (random %d)', async (random, expected) => {
    await using setup = setUpNode({ random });
    await setup.start();
    await setup.time.advance(31_500);
    expect(leaseCalls(setup).slice(2)).toEqual(expected);
  });

  test('that is there already is taken over, with what others wrote into it', async () => {
    await using setup = setUpNode();
    setup.cluster.apply({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'n1', namespace: 'kube-node-lease', annotations: { kept: 'yes' } },
      spec: { holderIdentity: 'n1' },
    });
    await setup.start();
    expect(leaseCalls(setup)).toEqual(['0 getLease', '0 updateLease']);
    expect(lease(setup)).toMatchObject({
      metadata: { annotations: { kept: 'yes' } },
      spec: { leaseDurationSeconds: 40 },
    });
  });

  test('is read again and written at once after a conflict', async () => {
    await using setup = setUpNode();
    await setup.start();
    setup.faults.updateLease = [conflict];
    await setup.time.advance(10_000);
    expect(leaseCalls(setup).slice(2)).toEqual(['10 updateLease', '10 getLease', '10 updateLease']);
  });

  test('is tried six times and then left until its next turn while the server is away', async () => {
    await using setup = setUpNode();
    await setup.start();
    setup.faults.updateLease = [unavailable];
    setup.faults.getLease = Array.from({ length: 5 }, () => unavailable);
    await setup.time.advance(20_000);
    expect(leaseCalls(setup).slice(2)).toEqual([
      '10 updateLease',
      ...Array.from({ length: 5 }, () => '10 getLease'),
      '20 getLease',
      '20 updateLease',
    ]);
  });

  test('is made again when it was deleted', async () => {
    await using setup = setUpNode();
    await setup.start();
    setup.cluster.remove('Lease', 'kube-node-lease', 'n1');
    await setup.time.advance(10_000);
    expect(lease(setup)?.spec?.renewTime).toBe('2026-01-01T00:00:10.000000Z');
  });

  test('is not renewed while containers cannot be run', async () => {
    await using setup = setUpNode();
    await setup.start();
    setup.provider.setHealth({ healthy: false, message: 'no' });
    await setup.time.advance(60_000);
    expect(lease(setup)?.spec?.renewTime).toBe('2026-01-01T00:00:00.000000Z');
    setup.provider.setHealth({ healthy: true });
    await setup.time.advance(10_000);
    expect(lease(setup)?.spec?.renewTime).toBe('2026-01-01T00:01:10.000000Z');
  });

  test('stays when the node stops', async () => {
    const setup = setUpNode();
    await setup.start();
    await setup[Symbol.asyncDispose]();
    expect(lease(setup)).toBeDefined();
  });
});
