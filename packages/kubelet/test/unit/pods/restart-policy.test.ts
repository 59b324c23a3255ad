import { describe, expect, test } from 'vitest';
import type { ScriptedRun } from '../../../src/testing.ts';
import { startController } from '../../fixtures/controller-fixture.ts';
import { podManifest } from '../../fixtures/pod-manifest.ts';

const exits = {
  'exit 0': { exitCode: 0 },
  'exit 1': { exitCode: 1 },
  'a trap': { trap: 'unreachable' },
} satisfies Record<string, ScriptedRun>;

describe.each([
  ['Always', 'exit 0', 'Running'],
  ['Always', 'exit 1', 'Running'],
  ['Always', 'a trap', 'Running'],
  ['OnFailure', 'exit 0', 'Succeeded'],
  ['OnFailure', 'exit 1', 'Running'],
  ['OnFailure', 'a trap', 'Running'],
  ['Never', 'exit 0', 'Succeeded'],
  ['Never', 'exit 1', 'Failed'],
  ['Never', 'a trap', 'Failed'],
] as const)('restartPolicy %s after %s', (restartPolicy, how, phase) => {
  const restarts = phase === 'Running';

  test(`${restarts ? 'starts the container again in' : 'ends'} the pod, which is ${phase}`, async () => {
    const second: ScriptedRun = { lastsMs: 'forever' };
    await using kubelet = await startController({ images: { 'test/app:1': { runs: [exits[how], second] } } });
    kubelet.apply(podManifest('p', { restartPolicy }));
    const { status } = await kubelet.until('p', ({ phase: is, containerStatuses: [c] = [] }) =>
      restarts ? c?.restartCount === 1 && c.ready : is === phase,
    );
    const container = status?.containerStatuses?.[0];
    const exit = how === 'exit 0' ? 0 : how === 'exit 1' ? 1 : 134;
    const terminated = (restarts ? container?.lastState : container?.state)?.terminated;
    expect(terminated).toMatchObject({ exitCode: exit, reason: exit === 0 ? 'Completed' : 'Error' });
    expect(terminated?.message).toBe(how === 'a trap' ? 'unreachable' : undefined);
    expect(container?.restartCount).toBe(restarts ? 1 : 0);
    expect(kubelet.provider.started).toHaveLength(restarts ? 2 : 1);
    expect(status?.phase).toBe(phase);
  });
});

describe('a pod', () => {
  test('is Running and ready without any time passing when its image is here', async () => {
    await using kubelet = await startController({
      images: { 'test/app:1': { present: true, runs: [{ lastsMs: 'forever' }] } },
    });
    kubelet.apply(podManifest('p'));
    const { status } = await kubelet.until('p', ({ phase }) => phase === 'Running');
    expect(status?.conditions?.filter(({ status: is }) => is !== 'True')).toEqual([]);
    expect(kubelet.time.clock.now().toISOString()).toBe('2026-01-01T00:00:00.000Z');
  });

  test('with several containers succeeds when the last of them has ended with 0', async () => {
    const images = { a: { runs: [{ lastsMs: 1_000 }] }, b: { runs: [{ lastsMs: 3_000 }] } };
    await using kubelet = await startController({ images });
    kubelet.apply(podManifest('p', { restartPolicy: 'Never', containers: ['a', 'b'] }));
    await kubelet.until('p', ({ phase }) => phase === 'Running');
    await kubelet.time.advance(1_000);
    const half = await kubelet.until(
      'p',
      ({ containerStatuses: [c] = [] }) => c?.state?.terminated !== undefined,
    );
    expect(half.status?.phase).toBe('Running');
    await kubelet.time.advance(2_000);
    await kubelet.until('p', ({ phase }) => phase === 'Succeeded');
    expect(kubelet.provider.sandboxes.size).toBe(0);
  });

  test('tells its life in events, with the container in their field path', async () => {
    await using kubelet = await startController({ images: { 'test/app:1': {} } });
    kubelet.apply(podManifest('p', { restartPolicy: 'Never' }));
    await kubelet.until('p', ({ phase }) => phase === 'Succeeded');
    expect(kubelet.events.map(({ reason, message }) => [reason, message])).toEqual([
      ['Pulling', 'Pulling image "test/app:1"'],
      [
        'Pulled',
        'Successfully pulled image "test/app:1" in 0ms (0ms including waiting). Image size: 1024 bytes.',
      ],
      ['Created', 'Container created'],
      ['Started', 'Container started'],
    ]);
    expect(kubelet.events[0]?.regarding).toMatchObject({
      apiVersion: 'v1',
      kind: 'Pod',
      namespace: 'default',
      name: 'p',
      fieldPath: 'spec.containers{c0}',
    });
  });

  test('takes its message from the end of the log when it asks for that and fails', async () => {
    const lines = Array.from({ length: 100 }, (_, i) => `line ${i}`);
    await using kubelet = await startController({
      images: { 'test/app:1': { runs: [{ exitCode: 3, lines }] } },
    });
    const containers = ['FallbackToLogsOnError', 'File'].map((terminationMessagePolicy, index) => ({
      name: 'ab'.charAt(index),
      image: 'test/app:1',
      terminationMessagePolicy,
    }));
    kubelet.apply(podManifest('p', { restartPolicy: 'Never', containers }));
    const { status } = await kubelet.until('p', ({ phase }) => phase === 'Failed');
    const [a, b] = status?.containerStatuses?.map(({ state }) => state?.terminated?.message) ?? [];
    expect(a?.split('\n')).toEqual([...lines.slice(20), '']);
    expect(b).toBeUndefined();
  });

  test('takes its message from what it has written into its termination log, run by run', async () => {
    const runs = [{ exitCode: 3, terminationMessage: 'no peer' }, { exitCode: 0 }];
    await using kubelet = await startController({ images: { 'test/app:1': { runs } }, volumes: 'real' });
    const containers = [{ name: 'c', image: 'test/app:1', terminationMessagePath: '/run/why' }];
    kubelet.apply(podManifest('p', { restartPolicy: 'OnFailure', containers }));
    const { status } = await kubelet.until('p', ({ phase }) => phase === 'Succeeded');
    const [container] = status?.containerStatuses ?? [];
    expect(container?.lastState?.terminated).toMatchObject({ exitCode: 3, message: 'no peer' });
    expect(container?.state?.terminated).not.toHaveProperty('message');
  });

  test('whose start the runtime refuses counts as ended with 128 StartError', async () => {
    const refused = { code: 'CONTAINER_START', message: 'out of processes' } as const;
    await using kubelet = await startController({ images: { 'test/app:1': { runs: [{ refused }] } } });
    kubelet.apply(podManifest('p', { restartPolicy: 'Never' }));
    const { status } = await kubelet.until('p', ({ phase }) => phase === 'Failed');
    expect(status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 128,
      reason: 'StartError',
      message: 'out of processes',
    });
  });

  test('whose start is refused once runs after that', async () => {
    const refused = { code: 'CONTAINER_START', message: 'out of processes' } as const;
    const runs = [{ refused }, { lastsMs: 'forever' as const }];
    await using kubelet = await startController({ images: { 'test/app:1': { runs } } });
    kubelet.apply(podManifest('p'));
    const { status } = await kubelet.until(
      'p',
      ({ phase, containerStatuses: [c] = [] }) => phase === 'Running' && c?.ready === true,
    );
    expect(status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { reason: 'StartError' } },
    });
  });
});

test("a container policy of its own goes before the pod's", async () => {
  await using kubelet = await startController({ images: { 'test/app:1': { runs: [{ exitCode: 1 }] } } });
  const containers = [{ name: 'c', image: 'test/app:1', restartPolicy: 'Never' }];
  kubelet.apply(podManifest('p', { restartPolicy: 'Always', containers }));
  await kubelet.until('p', ({ phase }) => phase === 'Failed');
  expect(kubelet.provider.started).toHaveLength(1);
});
