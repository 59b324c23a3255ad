import { describe, expect, test } from 'vitest';
import { startController } from '../../fixtures/controller-fixture.ts';
import { podManifest } from '../../fixtures/pod-manifest.ts';

const image = 'test/app:1';

describe('an image', () => {
  test('that cannot be pulled is tried again after 10 s, 20 s … 300 s', async () => {
    await using kubelet = await startController();
    kubelet.apply(podManifest('p'));
    const pulledAt: number[] = [];
    while (pulledAt.length < 8) {
      const count = pulledAt.length;
      pulledAt.push(await kubelet.waitFor('p', () => kubelet.provider.pulls.length > count));
    }
    expect(pulledAt).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
    expect(kubelet.pod('p')?.status).toMatchObject({
      phase: 'Pending',
      containerStatuses: [{ restartCount: 0, started: false, ready: false }],
    });
  });

  test('that cannot be pulled says why, and goes on saying it while it waits', async () => {
    await using kubelet = await startController();
    kubelet.apply(podManifest('p'));
    const failed = await kubelet.until(
      'p',
      ({ containerStatuses: [c] = [] }) => c?.state?.waiting?.reason === 'ErrImagePull',
    );
    expect(failed.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe(`${image}: not found`);
    await kubelet.waitFor(
      'p',
      ({ containerStatuses: [c] = [] }) => c?.state?.waiting?.reason === 'ImagePullBackOff',
    );
    expect(kubelet.pod('p')?.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe(
      `Back-off pulling image "${image}": ErrImagePull: ${image}: not found`,
    );
    expect(kubelet.events.map(({ type, reason, message }) => `${type} ${reason} ${message}`)).toEqual([
      `Normal Pulling Pulling image "${image}"`,
      `Warning Failed Failed to pull image "${image}": ${image}: not found`,
      'Warning Failed Error: ErrImagePull',
      `Normal BackOff Back-off pulling image "${image}"`,
      'Warning Failed Error: ImagePullBackOff',
    ]);
  });

  test('that appears is run', async () => {
    await using kubelet = await startController({
      images: { [image]: { pull: { failures: 2 }, runs: [{ lastsMs: 'forever' }] } },
    });
    kubelet.apply(podManifest('p'));
    expect(await kubelet.waitFor('p', ({ phase }) => phase === 'Running')).toBe(30);
  });

  test.each([
    ['IMAGE_PULL', 'ErrImagePull'],
    ['REGISTRY_UNAVAILABLE', 'RegistryUnavailable'],
    ['SIGNATURE_VALIDATION', 'SignatureValidationFailed'],
  ] as const)('whose pull fails with %s waits with %s', async (code, reason) => {
    await using kubelet = await startController({
      images: { [image]: { pull: { failures: 99, code, message: 'no wasi/wasm in the index' } } },
    });
    kubelet.apply(podManifest('p'));
    const { status } = await kubelet.until(
      'p',
      ({ containerStatuses: [c] = [] }) => c?.state?.waiting?.reason === reason,
    );
    expect(status?.containerStatuses?.[0]?.state?.waiting?.message).toBe('no wasi/wasm in the index');
  });

  test.each([
    [
      'Never',
      image,
      'ErrImageNeverPull',
      `Container image "${image}" is not present with pull policy of Never`,
    ],
    ['IfNotPresent', 'BAD', 'InvalidImageName', `couldn't parse image name "BAD"`],
  ])('with policy %s that is %s waits with %s', async (imagePullPolicy, name, reason, message) => {
    await using kubelet = await startController();
    kubelet.apply(podManifest('p', { containers: [{ name: 'c', image: name, imagePullPolicy }] }));
    await kubelet.waitFor('p', ({ containerStatuses: [c] = [] }) => c?.state?.waiting?.reason === reason);
    await kubelet.time.advance(60_000);
    expect(kubelet.pod('p')?.status?.containerStatuses?.[0]?.state?.waiting).toEqual({ reason, message });
  });

  test('is pulled by its policy, and by its tag where there is none', async () => {
    const images = { a: {}, 'a:latest': {}, 'a:1': {}, [`a@sha256:${'0'.repeat(64)}`]: {} };
    await using kubelet = await startController({ images });
    const containers = Object.keys(images);
    kubelet.apply(podManifest('p', { restartPolicy: 'Never', containers }));
    await kubelet.until('p', ({ phase }) => phase === 'Succeeded');
    const policies = Object.fromEntries(
      kubelet.provider.pulls.map(({ reference, policy }) => [reference, policy]),
    );
    expect(Object.values(policies).toSorted()).toEqual(['Always', 'Always', 'IfNotPresent', 'IfNotPresent']);
    expect(policies['a:1']).toBe('IfNotPresent');
  });

  test('of another name starts its container again, without a back-off', async () => {
    const images = { old: { runs: [{ exitCode: 1 }] }, new: { runs: [{ lastsMs: 'forever' as const }] } };
    await using kubelet = await startController({ images });
    kubelet.apply(podManifest('p', { containers: ['old'] }));
    await kubelet.waitFor('p', ({ containerStatuses: [c] = [] }) => c?.restartCount === 4 && !c.ready);
    const before = kubelet.time.clock.now();
    kubelet.apply(podManifest('p', { containers: ['new'] }));
    const { status } = await kubelet.until(
      'p',
      ({ containerStatuses: [c] = [] }) => c?.image === 'new' && c.ready,
    );
    expect(status?.containerStatuses?.[0]?.restartCount).toBe(5);
    expect(kubelet.time.clock.now()).toEqual(before);
  });

  test('of another name replaces a container that runs, whatever the restart policy', async () => {
    const images = {
      old: { runs: [{ lastsMs: 'forever' as const }] },
      new: { runs: [{ lastsMs: 'forever' as const }] },
    };
    await using kubelet = await startController({ images });
    kubelet.apply(podManifest('p', { containers: ['old'], restartPolicy: 'Never' }));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    kubelet.apply(podManifest('p', { containers: ['new'], restartPolicy: 'Never' }));
    const { status } = await kubelet.until(
      'p',
      ({ containerStatuses: [c] = [] }) => c?.image === 'new' && c.ready,
    );
    expect(status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 143 } },
    });
    expect(kubelet.events.map(({ message }) => message)).toContain(
      'Container c0 definition changed, will be restarted',
    );
  });
});
