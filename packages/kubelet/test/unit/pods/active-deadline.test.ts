import { describe, expect, test } from 'vitest';
import { startController } from '../../fixtures/controller-fixture.ts';
import { podManifest } from '../../fixtures/pod-manifest.ts';

const images = { 'test/app:1': { runs: [{ lastsMs: 'forever' as const }] } };

describe('activeDeadlineSeconds', () => {
  test('ends the pod as DeadlineExceeded, whatever it is doing', async () => {
    await using kubelet = await startController({ images });
    kubelet.apply(podManifest('p', { activeDeadlineSeconds: 60 }));
    kubelet.apply(podManifest('q', { activeDeadlineSeconds: 60, containers: ['nowhere'] }));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    await kubelet.time.advance(59_999);
    expect(kubelet.pod('p')?.status?.phase).toBe('Running');
    await kubelet.time.advance(1);
    for (const name of ['p', 'q']) {
      const { status } = await kubelet.until(name, ({ phase }) => phase === 'Failed');
      expect(status).toMatchObject({
        reason: 'DeadlineExceeded',
        message: 'Pod was active on the node longer than the specified deadline',
      });
    }
    expect(kubelet.provider.running).toEqual([]);
  });

  test('may be set and shortened later', async () => {
    await using kubelet = await startController({ images });
    const manifest = podManifest('p');
    kubelet.apply(manifest);
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    await kubelet.time.advance(100_000);
    kubelet.apply(podManifest('p', { activeDeadlineSeconds: 200 }));
    await kubelet.time.advance(50_000);
    kubelet.apply(podManifest('p', { activeDeadlineSeconds: 160 }));
    await kubelet.time.advance(9_999);
    expect(kubelet.pod('p')?.status?.phase).toBe('Running');
    await kubelet.time.advance(1);
    await kubelet.until('p', ({ phase }) => phase === 'Failed');
  });

  test('counts from the pod’s start, also for a daemon that was started since', async () => {
    const kubelet = await startController({ images });
    kubelet.apply(podManifest('p', { activeDeadlineSeconds: 100 }));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    await kubelet.time.advance(60_000);
    await using next = await kubelet.crash();
    await next.until('p', ({ containerStatuses: [c] = [] }) => c?.restartCount === 1 && c.ready);
    await next.time.advance(39_999);
    expect(next.pod('p')?.status?.phase).toBe('Running');
    await next.time.advance(1);
    await next.until('p', ({ reason }) => reason === 'DeadlineExceeded');
  });
});
