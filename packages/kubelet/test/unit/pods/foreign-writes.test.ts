import { expect, test } from 'vitest';
import { ClusterError } from '../../../src/cluster/cluster.ts';
import type { MemoryCluster } from '../../../src/cluster/memory/memory-cluster.ts';
import { podIdentity } from '../../../src/pods/pod.ts';
import { startController } from '../../fixtures/controller-fixture.ts';
import { podManifest } from '../../fixtures/pod-manifest.ts';

const images = { 'test/app:1': { runs: [{ lastsMs: 'forever' as const }] } };

test('a pod that others called not ready, as the cluster does with nodes that are away, is so no longer', async () => {
  await using kubelet = await startController({ images });
  const pod = kubelet.apply(podManifest('p'));
  await kubelet.until('p', ({ phase }) => phase === 'Running');
  await kubelet.cluster.status.patchPod(podIdentity(pod), {
    conditions: [{ type: 'Ready', status: 'False', reason: 'NodeNotReady' }],
  });
  await kubelet.time.advance(60_000);
  const { status } = await kubelet.until('p', ({ conditions = [] }) =>
    conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  );
  expect(status?.conditions?.find(({ type }) => type === 'Ready')).not.toHaveProperty('reason');
});

test('conditions of others stay', async () => {
  await using kubelet = await startController({ images });
  const pod = kubelet.apply(podManifest('p', { readinessGates: [{ conditionType: 'example.com/gate' }] }));
  const waiting = await kubelet.until('p', ({ phase }) => phase === 'Running');
  expect(waiting.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'False',
    reason: 'ReadinessGatesNotReady',
  });
  await kubelet.cluster.status.patchPod(podIdentity(pod), {
    conditions: [{ type: 'example.com/gate', status: 'True' }],
  });
  const { status } = await kubelet.until('p', ({ conditions = [] }) =>
    conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  );
  expect(status?.conditions?.map(({ type }) => type)).toContain('example.com/gate');
});

test('a pod runs although its status cannot be written for a while, which is made up for then', async () => {
  let away = true;
  const seen = (cluster: MemoryCluster): MemoryCluster => ({
    ...cluster,
    status: {
      ...cluster.status,
      patchPod: (...call) =>
        away ? Promise.reject(new ClusterError('Unavailable', 'away')) : cluster.status.patchPod(...call),
    },
  });
  await using kubelet = await startController({ images, seen });
  kubelet.apply(podManifest('p'));
  await kubelet.time.advance(60_000);
  expect(kubelet.provider.running).toHaveLength(1);
  expect(kubelet.pod('p')?.status?.phase).not.toBe('Running');
  away = false;
  expect(await kubelet.waitFor('p', ({ phase }) => phase === 'Running')).toBeLessThanOrEqual(60);
});
