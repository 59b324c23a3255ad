import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ControllerFixture, startController } from '../../fixtures/controller-fixture.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { podManifest } from '../../fixtures/pod-manifest.ts';

const forever = { runs: [{ lastsMs: 'forever' as const }] };
const volumeMounts = [{ name: 'v', mountPath: '/v' }];
const mounting = { name: 'c0', image: 'app', volumeMounts };
const fromMap = [{ name: 'v', configMap: { name: 'm' } }];

function applyMap({ cluster }: ControllerFixture, value: string): void {
  cluster.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, data: { key: value } });
}

function mountPath({ provider }: ControllerFixture): string {
  return provider.started.at(-1)?.spec.mounts[0]?.hostPath ?? '';
}

describe('a pod with a volume', () => {
  test('whose ConfigMap is missing waits for it, and says so', async () => {
    await using kubelet = await startController({ images: { app: forever }, volumes: 'real' });
    kubelet.apply(podManifest('p', { containers: [mounting], volumes: fromMap }));
    await eventually(() => kubelet.events.length > 0);
    expect(kubelet.events[0]).toMatchObject({
      type: 'Warning',
      reason: 'FailedMount',
      message: 'MountVolume.SetUp failed for volume "v" : configmap "m" not found',
    });
    const { status } = await kubelet.until('p', ({ conditions = [] }) => conditions.length > 1);
    expect(status?.phase).toBe('Pending');
    const holding = status?.conditions?.filter(({ status: is }) => is === 'True').map(({ type }) => type);
    expect(holding?.toSorted()).toEqual(['Initialized', 'PodScheduled']);
    expect(status?.containerStatuses?.[0]?.state?.waiting).toEqual({ reason: 'ContainerCreating' });
    await kubelet.time.advance(60_000);
    applyMap(kubelet, '1');
    expect(await kubelet.waitFor('p', ({ phase }) => phase === 'Running')).toBeLessThanOrEqual(122);
    expect(await readFile(join(mountPath(kubelet), 'key'), 'utf8')).toBe('1');
  });

  test('sees in it what becomes of its object', async () => {
    await using kubelet = await startController({ images: { app: forever }, volumes: 'real' });
    applyMap(kubelet, '1');
    kubelet.apply(podManifest('p', { containers: [mounting], volumes: fromMap }));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    applyMap(kubelet, '2');
    await kubelet.time.advance(0);
    expect(await readFile(join(mountPath(kubelet), 'key'), 'utf8')).toBe('2');
  });

  test('of its own keeps it over restarts of its containers, and loses it when it ends', async () => {
    const images = { app: { runs: [{ lastsMs: 1_000, exitCode: 1 }, { lastsMs: 1_000 }] } };
    await using kubelet = await startController({ images, volumes: 'real' });
    const volumes = [{ name: 'v', emptyDir: {} }];
    kubelet.apply(podManifest('p', { containers: [mounting], volumes, restartPolicy: 'OnFailure' }));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    await writeFile(join(mountPath(kubelet), 'kept'), 'x');
    await kubelet.waitFor('p', ({ containerStatuses: [c] = [] }) => c?.restartCount === 1 && c.ready);
    expect(await readFile(join(mountPath(kubelet), 'kept'), 'utf8')).toBe('x');
    await kubelet.waitFor('p', ({ phase }) => phase === 'Succeeded');
    await eventually(() => !existsSync(mountPath(kubelet)));
  });

  test('whose subPath leads nowhere waits in CreateContainerConfigError', async () => {
    await using kubelet = await startController({ images: { app: forever }, volumes: 'real' });
    applyMap(kubelet, '1');
    const container = { ...mounting, volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 'none' }] };
    kubelet.apply(podManifest('p', { containers: [container], volumes: fromMap }));
    const { status } = await kubelet.until(
      'p',
      ({ containerStatuses: [c] = [] }) => c?.state?.waiting?.reason === 'CreateContainerConfigError',
    );
    expect(status?.containerStatuses?.[0]?.state?.waiting?.message).toBe(
      'failed to create subPath directory for volumeMount "v" of container "c0"',
    );
  });
});

test('a container whose variable comes from a ConfigMap that is missing is created when that is there', async () => {
  await using kubelet = await startController({ images: { app: forever } });
  const env = [{ name: 'KEY', valueFrom: { configMapKeyRef: { name: 'm', key: 'key' } } }];
  kubelet.apply(podManifest('p', { containers: [{ name: 'c0', image: 'app', env }] }));
  const { status } = await kubelet.until(
    'p',
    ({ containerStatuses: [c] = [] }) => c?.state?.waiting?.reason === 'CreateContainerConfigError',
  );
  expect(status?.containerStatuses?.[0]?.state?.waiting?.message).toBe('configmap "m" not found');
  expect(kubelet.events).toContainEqual(
    expect.objectContaining({ type: 'Warning', reason: 'Failed', message: 'Error: configmap "m" not found' }),
  );
  applyMap(kubelet, 'value');
  expect(await kubelet.waitFor('p', ({ phase }) => phase === 'Running')).toBe(10);
  expect(kubelet.provider.started[0]?.spec.env).toContainEqual({ name: 'KEY', value: 'value' });
});
