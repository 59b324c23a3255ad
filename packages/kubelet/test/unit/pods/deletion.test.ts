import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ClusterError } from '../../../src/cluster/cluster.ts';
import type { MemoryCluster } from '../../../src/cluster/memory/memory-cluster.ts';
import { type ControllerFixture, startController } from '../../fixtures/controller-fixture.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { podManifest } from '../../fixtures/pod-manifest.ts';

const p = { namespace: 'default', name: 'p' };
const forever = { 'test/app:1': { runs: [{ lastsMs: 'forever' as const }] } };
const stubborn = {
  'test/app:1': { runs: [{ lastsMs: 'forever' as const, stopsAfterMs: 'never' as const }] },
};

function directoryOf({ dataDirectory }: ControllerFixture, uid: string): string {
  return `${dataDirectory}/pods/${uid}`;
}

/** The statuses that the API was given of a pod, in order. */
function statusesOf({ cluster }: ControllerFixture, uid: string): string[] {
  const statuses: string[] = [];
  cluster.onChange(({ type, object }) => {
    if (object.metadata.uid !== uid) return;
    const { phase } = (object.status ?? {}) as { phase?: string };
    statuses.push(type === 'deleted' ? 'gone' : (phase ?? ''));
  });
  return statuses;
}

describe('a pod that is deleted', () => {
  test('gets its grace, says how it ended, and leaves nothing', async () => {
    await using kubelet = await startController({ images: forever });
    const { metadata } = kubelet.apply(podManifest('p', { terminationGracePeriodSeconds: 17 }));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    const seen = statusesOf(kubelet, metadata.uid);
    kubelet.cluster.delete(p);
    await kubelet.untilGone('p');
    expect(kubelet.provider.started[0]?.stops).toEqual([17_000, 0]);
    expect(seen.slice(-2)).toEqual(['Failed', 'gone']);
    expect(kubelet.events.map(({ reason, message }) => `${reason}: ${message}`)).toContain(
      'Killing: Stopping container c0',
    );
    await eventually(() => kubelet.controller.snapshot().length === 0);
    expect(existsSync(directoryOf(kubelet, metadata.uid))).toBe(false);
    expect(kubelet.provider.sandboxes.size).toBe(0);
  });

  test('and does not end is killed when its grace is over', async () => {
    await using kubelet = await startController({ images: stubborn });
    kubelet.apply(podManifest('p'));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    let exitCode: number | undefined;
    kubelet.cluster.onChange(({ object }) => {
      const { containerStatuses: [c] = [] } =
        (object as unknown as ReturnType<typeof podManifest>).status ?? {};
      exitCode = c?.state?.terminated?.exitCode ?? exitCode;
    });
    kubelet.cluster.delete(p);
    await kubelet.time.advance(29_999);
    expect(kubelet.pod('p')).toBeDefined();
    await kubelet.time.advance(1);
    await kubelet.untilGone('p');
    expect(exitCode).toBe(137);
  });

  test('again with less grace has that', async () => {
    await using kubelet = await startController({ images: stubborn });
    kubelet.apply(podManifest('p'));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    kubelet.cluster.delete(p);
    await kubelet.time.advance(5_000);
    kubelet.cluster.delete(p, { gracePeriodSeconds: 4 });
    await kubelet.time.advance(4_000);
    await kubelet.untilGone('p');
    expect(kubelet.provider.started[0]?.stops.slice(0, 2)).toEqual([30_000, 4_000]);
  });

  test.each([
    ['its image cannot be pulled', {}],
    ['its container is in its crash back-off', { 'test/app:1': { runs: [{ exitCode: 1 }] } }],
    ['its image is being pulled', { 'test/app:1': { pull: { takesMs: 3_600_000 } } }],
  ])('while %s goes at once', async (_title, images) => {
    await using kubelet = await startController({ images });
    kubelet.apply(podManifest('p'));
    await kubelet.until('p', ({ containerStatuses: [c] = [] }) => c?.state?.waiting !== undefined);
    await kubelet.time.advance(1_000);
    kubelet.cluster.delete(p);
    await kubelet.untilGone('p');
    expect(kubelet.time.clock.now()).toEqual(new Date('2026-01-01T00:00:01Z'));
  });

  test('by force, without a word to the kubelet, is killed all the same, and no status is written', async () => {
    await using kubelet = await startController({ images: stubborn });
    const { metadata } = kubelet.apply(podManifest('p'));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    const seen = statusesOf(kubelet, metadata.uid);
    kubelet.cluster.delete(p, { gracePeriodSeconds: 0 });
    await kubelet.time.advance(2_000);
    await eventually(() => kubelet.controller.snapshot().length === 0);
    expect(kubelet.provider.running).toEqual([]);
    expect(seen).toEqual(['gone']);
    expect(existsSync(directoryOf(kubelet, metadata.uid))).toBe(false);
  });

  test('and made again under its name is another pod, which starts', async () => {
    await using kubelet = await startController({ images: stubborn });
    const first = kubelet.apply(podManifest('p'));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    kubelet.cluster.remove('Pod', 'default', 'p');
    const second = kubelet.apply(podManifest('p'));
    expect(second.metadata.uid).not.toBe(first.metadata.uid);
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    expect(kubelet.provider.started.map(({ pod }) => pod.uid)).toEqual([
      first.metadata.uid,
      second.metadata.uid,
    ]);
    await kubelet.time.advance(2_000);
    await eventually(() => kubelet.provider.running.length === 1);
    expect(kubelet.controller.find('default', 'p')?.pod.metadata.uid).toBe(second.metadata.uid);
  });

  test('stays until the API server takes the DELETE', async () => {
    const failures = [
      new ClusterError('Unavailable', 'away'),
      new ClusterError('TooManyRequests', 'busy'),
      new ClusterError('Unavailable', 'etcd', { status: 500 }),
    ];
    const seen = (cluster: MemoryCluster): MemoryCluster => ({
      ...cluster,
      status: {
        ...cluster.status,
        deletePod(pod, options) {
          const failure = failures.shift();
          return failure === undefined ? cluster.status.deletePod(pod, options) : Promise.reject(failure);
        },
      },
    });
    await using kubelet = await startController({ images: forever, seen });
    kubelet.apply(podManifest('p'));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    kubelet.cluster.delete(p);
    await kubelet.until('p', ({ phase }) => phase === 'Failed');
    await kubelet.time.advance(499 + 1 + 1_000 + 1_999);
    expect(kubelet.pod('p')).toBeDefined();
    await kubelet.time.advance(1);
    await kubelet.untilGone('p');
  });

  test('and held by a finalizer is let go of once, and not started again', async () => {
    let deletions = 0;
    const seen = (cluster: MemoryCluster): MemoryCluster => ({
      ...cluster,
      status: {
        ...cluster.status,
        deletePod() {
          deletions++;
          return Promise.resolve();
        },
      },
    });
    await using kubelet = await startController({ images: forever, seen });
    kubelet.apply(podManifest('p'));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    kubelet.cluster.delete(p);
    await kubelet.until('p', ({ phase }) => phase === 'Failed');
    await eventually(() => deletions === 1);
    await kubelet.time.advance(3_600_000);
    expect(deletions).toBe(1);
    expect(kubelet.provider.started).toHaveLength(1);
    kubelet.cluster.remove('Pod', 'default', 'p');
    await eventually(() => kubelet.controller.snapshot().length === 0);
  });
});

test('a pod that has completed stays with its log until it is deleted', async () => {
  await using kubelet = await startController({ images: { 'test/app:1': { runs: [{ lines: ['x'] }] } } });
  const { metadata } = kubelet.apply(podManifest('p', { restartPolicy: 'Never' }));
  await kubelet.until('p', ({ phase }) => phase === 'Succeeded');
  await kubelet.time.advance(3_600_000);
  expect(existsSync(`${directoryOf(kubelet, metadata.uid)}/logs/c0/0.log`)).toBe(true);
  kubelet.cluster.delete(p);
  await eventually(() => kubelet.controller.snapshot().length === 0);
  expect(existsSync(directoryOf(kubelet, metadata.uid))).toBe(false);
});
