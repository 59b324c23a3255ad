import { describe, expect, test } from 'vitest';
import {
  closed,
  type ContainerView,
  isReady,
  mayRestart,
  newContainer,
  runEnded,
  runStarted,
  startFailed,
  suspended,
  unknownEnd,
  waiting,
} from '../../../src/containers/container-state.ts';
import type { Pod } from '../../../src/pods/pod.ts';

const pod = {
  metadata: { name: 'a', namespace: 'default', uid: 'u' },
  spec: { containers: [], restartPolicy: 'OnFailure' },
} as unknown as Pod;
const startedAt = new Date(1_000);
const finishedAt = new Date(2_000);
const fresh = newContainer(pod, { name: 'c', image: 'i:1' }, 'app');
const run = (attempt: number) => ({
  attempt,
  containerId: `id-${attempt}`,
  image: 'i:1',
  imageId: 'i@x',
  startedAt,
});
const failed = { exitCode: 1, reason: 'Error', finishedAt } as const;

describe('a container', () => {
  test('waits in ContainerCreating, in PodInitializing where there are init containers', () => {
    expect(fresh.state).toEqual({ phase: 'waiting', reason: 'ContainerCreating' });
    const withInit = { ...pod, spec: { ...pod.spec, initContainers: [{ name: 'i' }] } } as Pod;
    expect(newContainer(withInit, { name: 'c' }, 'app').state).toMatchObject({ reason: 'PodInitializing' });
  });

  test.each([
    ['app', undefined, 'OnFailure'],
    ['app', 'Never', 'Never'],
    ['init', 'Always', 'OnFailure'],
    ['init', 'Never', 'Never'],
    ['sidecar', undefined, 'Always'],
  ] as const)('of kind %s with policy %s of its own restarts %s', (kind, own, expected) => {
    const container = { name: 'c', ...(own === undefined ? {} : { restartPolicy: own }) };
    expect(newContainer(pod, container, kind).restartPolicy).toBe(expected);
  });

  test('remembers the end of its previous run from the moment it waits or runs again', () => {
    const ended = runEnded(runStarted(fresh, run(0)), failed);
    expect(ended.last).toBeUndefined();
    const first = {
      phase: 'terminated',
      attempt: 0,
      exitCode: 1,
      reason: 'Error',
      containerId: 'id-0',
      startedAt,
      finishedAt,
    };
    expect(ended.state).toEqual(first);
    expect(waiting(ended, 'CrashLoopBackOff').last).toEqual(first);
    const again = runStarted(waiting(ended, 'CrashLoopBackOff'), run(1));
    expect(again).toMatchObject({
      attempt: 1,
      containerId: 'id-1',
      last: first,
      state: { phase: 'running' },
    });
  });

  test('that could not be started has ended with 128 StartError', () => {
    const refused = startFailed(fresh, { attempt: 0, message: 'no', at: finishedAt });
    expect(refused.state).toMatchObject({ exitCode: 128, reason: 'StartError', message: 'no' });
  });

  test.each([
    ['Always', 0, true],
    ['Always', 1, true],
    ['OnFailure', 0, false],
    ['OnFailure', 1, true],
    ['Never', 0, false],
    ['Never', 1, false],
  ] as const)('with %s that ended with %i restarts: %s', (policy, exitCode, expected) => {
    expect(mayRestart(policy, exitCode)).toBe(expected);
  });

  test('is ready while it runs; an init container once it has succeeded', () => {
    const running = runStarted(fresh, run(0));
    const succeeded: ContainerView = runEnded(running, { exitCode: 0, reason: 'Completed', finishedAt });
    expect([running, succeeded].map(isReady)).toEqual([true, false]);
    expect([running, succeeded].map((view) => isReady({ ...view, kind: 'init' }))).toEqual([false, true]);
    expect([running, succeeded].map((view) => isReady({ ...view, kind: 'sidecar' }))).toEqual([true, false]);
  });
});

describe('in a pod that has ended', () => {
  test('a container that waited for a restart shows its last run', () => {
    const crashed = waiting(runEnded(runStarted(fresh, run(0)), failed), 'CrashLoopBackOff');
    const { state, last } = closed(crashed, true);
    expect(state).toMatchObject({ phase: 'terminated', exitCode: 1, attempt: 0 });
    expect(last).toBeUndefined();
  });

  test('a container that never ran counts as lost, unless the pod was not even initialised', () => {
    expect(closed(fresh, true).state).toMatchObject({
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
      message: 'The container could not be located when the pod was terminated',
    });
    expect(closed(fresh, false)).toBe(fresh);
  });
});

test('a container that the stopping daemon has ended waits for the next one, if it restarts at all', () => {
  const stopped = runEnded(runStarted(fresh, run(0)), { ...failed, exitCode: 143 });
  expect(suspended(stopped, pod)).toMatchObject({
    state: { phase: 'waiting', reason: 'ContainerCreating' },
    last: { exitCode: 143 },
  });
  const never: ContainerView = { ...stopped, restartPolicy: 'Never' };
  expect(suspended(never, pod)).toBe(never);
  const completed = runEnded(runStarted(fresh, run(0)), { exitCode: 0, reason: 'Completed', finishedAt });
  expect(suspended(completed, pod)).toBe(completed);
});

test('a lost run keeps its identity and start', () => {
  expect(unknownEnd(runStarted(fresh, run(3)), 'lost')).toEqual({
    phase: 'terminated',
    attempt: 3,
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'lost',
    containerId: 'id-3',
    startedAt,
  });
});
