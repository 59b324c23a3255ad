import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { startController } from '../../fixtures/controller-fixture.ts';
import { podManifest } from '../../fixtures/pod-manifest.ts';

const crashing = { 'test/app:1': { runs: [{ exitCode: 1 }] } };

test('a container that keeps failing is restarted at once and then after 10 s, 20 s … 300 s', async () => {
  await using kubelet = await startController({ images: crashing });
  kubelet.apply(podManifest('p'));
  const waits: number[] = [];
  for (let restarts = 1; restarts <= 8; restarts++) {
    waits.push(
      await kubelet.waitFor(
        'p',
        ({ containerStatuses: [c] = [] }) =>
          c?.restartCount === restarts && c.state?.waiting?.reason === 'CrashLoopBackOff',
      ),
    );
  }
  expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
});

test('a back-off shows in state, message, event and last state', async () => {
  await using kubelet = await startController({ images: crashing });
  const { metadata } = kubelet.apply(podManifest('p'));
  const { status } = await kubelet.until(
    'p',
    ({ containerStatuses: [c] = [] }) => c?.state?.waiting?.reason === 'CrashLoopBackOff',
  );
  const [container] = status?.containerStatuses ?? [];
  expect(container?.state?.waiting?.message).toBe(
    `back-off 10s restarting failed container=c0 pod=p_default(${metadata.uid})`,
  );
  expect(container).toMatchObject({
    restartCount: 1,
    ready: false,
    lastState: { terminated: { exitCode: 1 } },
  });
  expect(status?.phase).toBe('Running');
  expect(kubelet.events).toContainEqual(
    expect.objectContaining({
      type: 'Warning',
      reason: 'BackOff',
      message: `Back-off restarting failed container c0 in pod p_default(${metadata.uid})`,
    }),
  );
});

test('ten minutes of good behaviour are rewarded with an immediate restart', async () => {
  const runs = [
    { exitCode: 1 },
    { exitCode: 1 },
    { lastsMs: 700_000, exitCode: 1 },
    { lastsMs: 'forever' as const },
  ];
  await using kubelet = await startController({ images: { 'test/app:1': { runs } } });
  kubelet.apply(podManifest('p'));
  await kubelet.waitFor('p', ({ containerStatuses: [c] = [] }) => c?.restartCount === 2 && c.ready);
  await kubelet.time.advance(700_000);
  const restarted = kubelet.until('p', ({ containerStatuses: [c] = [] }) => c?.restartCount === 3 && c.ready);
  await expect(restarted).resolves.toMatchObject({ status: { phase: 'Running' } });
});

test('a container that fails leaves its neighbours alone', async () => {
  const images = { ...crashing, good: { runs: [{ lastsMs: 'forever' as const }] } };
  await using kubelet = await startController({ images });
  kubelet.apply(podManifest('p', { containers: ['test/app:1', 'good'] }));
  await kubelet.waitFor('p', ({ containerStatuses: [c] = [] }) => c?.restartCount === 3);
  expect(kubelet.pod('p')?.status?.containerStatuses?.[1]).toMatchObject({ restartCount: 0, ready: true });
});

test('only the log of the latest run and the one before it are kept', async () => {
  await using kubelet = await startController({
    images: { 'test/app:1': { runs: [{ exitCode: 1, lines: ['hello'] }] } },
  });
  const { metadata } = kubelet.apply(podManifest('p'));
  await kubelet.waitFor('p', ({ containerStatuses: [c] = [] }) => c?.restartCount === 4 && !c.ready);
  expect(await readdir(`${kubelet.dataDirectory}/pods/${metadata.uid}/logs/c0`)).toEqual(['3.log', '4.log']);
  expect(kubelet.controller.find('default', 'p')?.containers[0]).toMatchObject({
    attempt: 4,
  });
});
