import { describe, expect, test } from 'vitest';
import { startController } from '../../fixtures/controller-fixture.ts';
import { podManifest } from '../../fixtures/pod-manifest.ts';

const forever = { runs: [{ lastsMs: 'forever' as const }] };

describe('init containers', () => {
  test('run one by one, before all others', async () => {
    const images = { one: { runs: [{ lastsMs: 1_000 }] }, two: { runs: [{ lastsMs: 1_000 }] }, app: forever };
    await using kubelet = await startController({ images });
    kubelet.apply(podManifest('p', { initContainers: ['one', 'two'], containers: ['app'] }));
    const { status } = await kubelet.until(
      'p',
      ({ initContainerStatuses: [i] = [] }) => i?.state?.running !== undefined,
    );
    expect(status?.phase).toBe('Pending');
    expect(status?.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'PodInitializing' } });
    expect(status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Initialized', status: 'False', reason: 'ContainersNotInitialized' }),
    );
    await kubelet.waitFor('p', ({ phase }) => phase === 'Running');
    expect(
      kubelet.provider.started.map(({ spec, startedAt }) => [spec.name, startedAt.getTime() % 60_000]),
    ).toEqual([
      ['i0', 0],
      ['i1', 1_000],
      ['c0', 2_000],
    ]);
    expect(kubelet.pod('p')?.status?.initContainerStatuses).toMatchObject([
      { ready: true, state: { terminated: { exitCode: 0 } } },
      { ready: true },
    ]);
  });

  test('that fail under Never fail the pod, whose other containers never start', async () => {
    const images = { bad: { runs: [{ exitCode: 3 }] }, app: forever };
    await using kubelet = await startController({ images });
    kubelet.apply(podManifest('p', { restartPolicy: 'Never', initContainers: ['bad'], containers: ['app'] }));
    const { status } = await kubelet.until('p', ({ phase }) => phase === 'Failed');
    expect(status?.initContainerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 3 });
    expect(status?.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'PodInitializing' } });
    expect(kubelet.provider.started).toHaveLength(1);
  });

  test.each(['Always', 'OnFailure'])(
    'that fail under %s are tried again with the crash back-off',
    async (restartPolicy) => {
      const images = { bad: { runs: [{ exitCode: 3 }, { exitCode: 3 }, { exitCode: 3 }, {}] }, app: forever };
      await using kubelet = await startController({ images });
      kubelet.apply(podManifest('p', { restartPolicy, initContainers: ['bad'], containers: ['app'] }));
      expect(await kubelet.waitFor('p', ({ phase }) => phase === 'Running')).toBe(30);
      expect(kubelet.pod('p')?.status?.initContainerStatuses?.[0]).toMatchObject({
        restartCount: 3,
        ready: true,
      });
    },
  );
});

describe('a sidecar', () => {
  const sidecar = { name: 'side', image: 'side', restartPolicy: 'Always' };

  test('keeps running beside the others, and is stopped when they have finished', async () => {
    const images = { side: forever, app: { runs: [{ lastsMs: 5_000 }] } };
    await using kubelet = await startController({ images });
    kubelet.apply(
      podManifest('p', { restartPolicy: 'Never', initContainers: [sidecar], containers: ['app'] }),
    );
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    await kubelet.time.advance(5_000);
    // How a sidecar ends does not count.
    const { status } = await kubelet.until('p', ({ phase }) => phase === 'Succeeded');
    expect(status?.initContainerStatuses?.[0]?.state?.terminated?.exitCode).toBe(143);
  });

  test('is restarted however the pod restarts', async () => {
    const images = { side: { runs: [{ exitCode: 0 }, { lastsMs: 'forever' as const }] }, app: forever };
    await using kubelet = await startController({ images });
    kubelet.apply(
      podManifest('p', { restartPolicy: 'Never', initContainers: [sidecar], containers: ['app'] }),
    );
    const { status } = await kubelet.until(
      'p',
      ({ initContainerStatuses: [s] = [], phase }) => s?.restartCount === 1 && s.ready && phase === 'Running',
    );
    expect(status?.conditions?.filter(({ status: is }) => is !== 'True')).toEqual([]);
  });

  test('is stopped after the others and in reverse order when the pod is deleted', async () => {
    const images = { side: forever, app: forever };
    await using kubelet = await startController({ images });
    const sidecars = [sidecar, { ...sidecar, name: 'side2' }];
    kubelet.apply(podManifest('p', { initContainers: sidecars, containers: ['app'] }));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    kubelet.cluster.delete({ namespace: 'default', name: 'p' });
    await kubelet.untilGone('p');
    const killing = kubelet.events.filter(({ reason }) => reason === 'Killing').map(({ message }) => message);
    expect(killing).toEqual(['c0', 'side2', 'side'].map((name) => `Stopping container ${name}`));
  });
});
