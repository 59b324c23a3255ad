import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { ClusterError } from '../../../src/cluster/cluster.ts';
import type { MemoryCluster } from '../../../src/cluster/memory/memory-cluster.ts';
import { startController } from '../../fixtures/controller-fixture.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { podManifest } from '../../fixtures/pod-manifest.ts';

const forever = { lastsMs: 'forever' as const };

describe('after kill -9 of the daemon', () => {
  test('a pod that has completed is not run again', async () => {
    const kubelet = await startController({ images: { 'test/app:1': {} } });
    kubelet.apply(podManifest('p', { restartPolicy: 'OnFailure' }));
    await kubelet.until('p', ({ phase }) => phase === 'Succeeded');
    await using next = await kubelet.crash();
    await next.time.advance(60_000);
    expect(next.provider.started).toEqual([]);
    expect(next.pod('p')?.status?.phase).toBe('Succeeded');
  });

  test.each(['OnFailure', 'Never'])(
    'a container that completed is not run again although no status ever said so (%s)',
    async (restartPolicy) => {
      let deaf = false;
      const seen = (cluster: MemoryCluster): MemoryCluster => ({
        ...cluster,
        status: {
          ...cluster.status,
          patchPod: (...call) =>
            deaf ? Promise.reject(new ClusterError('Unavailable', 'away')) : cluster.status.patchPod(...call),
        },
      });
      const kubelet = await startController({ images: { 'test/app:1': { runs: [forever] } }, seen });
      kubelet.apply(podManifest('p', { restartPolicy }));
      await kubelet.until('p', ({ phase }) => phase === 'Running');
      deaf = true;
      kubelet.provider.started[0]?.end({ exitCode: 0 });
      await kubelet.time.advance(1_000);
      expect(kubelet.pod('p')?.status?.phase).toBe('Running');
      deaf = false;
      await using next = await kubelet.crash();
      const { status } = await next.until('p', ({ phase }) => phase === 'Succeeded');
      expect(status?.containerStatuses?.[0]).toMatchObject({
        restartCount: 0,
        state: { terminated: { exitCode: 0, reason: 'Completed' } },
      });
      expect(next.provider.started).toEqual([]);
    },
  );

  test.each(['Always', 'OnFailure'])('a container that ran is started again (%s)', async (restartPolicy) => {
    const kubelet = await startController({ images: { 'test/app:1': { runs: [forever] } } });
    kubelet.apply(podManifest('p', { restartPolicy }));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    await using next = await kubelet.crash();
    const { status } = await next.until(
      'p',
      ({ containerStatuses: [c] = [] }) => c?.restartCount === 1 && c.ready,
    );
    expect(status?.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
      message:
        'The container could not be located when the pod was deleted.  The container used to be Running',
    });
    expect(next.provider.started.map(({ spec }) => spec.attempt)).toEqual([1]);
    expect(next.time.clock.now()).toEqual(new Date('2026-01-01T00:00:00Z'));
  });

  test('a container that ran and may not run again fails its pod', async () => {
    const kubelet = await startController({ images: { 'test/app:1': { runs: [forever] } } });
    kubelet.apply(podManifest('p', { restartPolicy: 'Never' }));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    await using next = await kubelet.crash();
    const { status } = await next.until('p', ({ phase }) => phase === 'Failed');
    expect(status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
      message: 'The container could not be located when the pod was terminated',
    });
    expect(next.provider.started).toEqual([]);
  });

  test('of two containers only the one that ran is started', async () => {
    const images = { done: {}, up: { runs: [forever] } };
    const kubelet = await startController({ images });
    kubelet.apply(podManifest('p', { restartPolicy: 'OnFailure', containers: ['done', 'up'] }));
    await kubelet.until(
      'p',
      ({ containerStatuses: [a, b] = [] }) => a?.state?.terminated !== undefined && b?.ready === true,
    );
    await using next = await kubelet.crash();
    await next.until('p', ({ containerStatuses: [, b] = [] }) => b?.restartCount === 1 && b.ready);
    expect(next.provider.started.map(({ spec }) => spec.name)).toEqual(['c1']);
  });

  test('init containers that have completed are not run again', async () => {
    const images = { init: {}, app: { runs: [forever] } };
    const kubelet = await startController({ images });
    kubelet.apply(podManifest('p', { initContainers: ['init'], containers: ['app'] }));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    await using next = await kubelet.crash();
    await next.until('p', ({ containerStatuses: [c] = [] }) => c?.restartCount === 1 && c.ready);
    expect(next.provider.started.map(({ spec }) => spec.name)).toEqual(['c0']);
  });

  test('a pod without records is taken as the API shows it', async () => {
    const kubelet = await startController({ images: { 'test/app:1': { runs: [{ exitCode: 1 }, forever] } } });
    const { metadata } = kubelet.apply(podManifest('p'));
    await kubelet.until('p', ({ containerStatuses: [c] = [] }) => c?.restartCount === 1 && c.ready);
    await writeFile(`${kubelet.dataDirectory}/pods/${metadata.uid}/records/c0.json`, '{ torn');
    await using next = await kubelet.crash();
    await next.until('p', ({ containerStatuses: [c] = [] }) => c?.restartCount === 2 && c.ready);
    expect(next.provider.started.map(({ spec }) => spec.attempt)).toEqual([2]);
  });

  test('a pod that was being deleted goes, without being started', async () => {
    const images = { 'test/app:1': { runs: [{ ...forever, stopsAfterMs: 'never' as const }] } };
    const kubelet = await startController({ images });
    kubelet.apply(podManifest('p'));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    kubelet.cluster.delete({ namespace: 'default', name: 'p' });
    await eventually(() => kubelet.provider.started[0]?.stops.length === 1);
    await using next = await kubelet.crash();
    await next.untilGone('p');
    expect(next.provider.started).toEqual([]);
  });

  test('what is left of pods that are gone is removed', async () => {
    const kubelet = await startController({ images: { 'test/app:1': { runs: [forever] } } });
    const { metadata } = kubelet.apply(podManifest('p'));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    await mkdir(`${kubelet.dataDirectory}/pods/gone-1/volumes/x`, { recursive: true });
    await writeFile(`${kubelet.dataDirectory}/pods/gone-1/volumes/x/file`, '');
    await using next = await kubelet.crash();
    await next.until('p', ({ containerStatuses: [c] = [] }) => c?.restartCount === 1);
    expect(await readdir(`${next.dataDirectory}/pods`)).toEqual([metadata.uid]);
  });
});

test('a daemon that is asked to stop leaves its pods non-terminal, and the next one runs them again', async () => {
  const kubelet = await startController({ images: { 'test/app:1': { runs: [forever] } } });
  kubelet.apply(podManifest('p'));
  await kubelet.until('p', ({ phase }) => phase === 'Running');
  await kubelet.stop();
  expect(kubelet.provider.running).toEqual([]);
  expect(kubelet.pod('p')?.status).toMatchObject({
    phase: 'Running',
    containerStatuses: [
      {
        ready: false,
        state: { waiting: { reason: 'ContainerCreating' } },
        lastState: { terminated: { exitCode: 143 } },
      },
    ],
  });
  await using next = await kubelet.crash();
  await next.until('p', ({ containerStatuses: [c] = [] }) => c?.restartCount === 1 && c.ready);
});
