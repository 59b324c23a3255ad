import { expect, test } from 'vitest';
import {
  type ContainerView,
  newContainer,
  runEnded,
  runStarted,
  startFailed,
  waiting,
} from '../../../src/containers/container-state.ts';
import { containerSnapshot } from '../../../src/pods/pod-snapshot.ts';
import type { Pod } from '../../../src/pods/pod.ts';

const at = new Date(1_000);
const pod = { metadata: { name: 'a', namespace: 'b', uid: 'u' }, spec: { containers: [] } } as Pod;
const fresh = newContainer(pod, { name: 'c', image: 'i:1' }, 'app');

const start = (view: ContainerView, attempt: number): ContainerView =>
  runStarted(view, { attempt, containerId: `id-${attempt}`, image: 'i:1', imageId: 'i@x', startedAt: at });
const end = (view: ContainerView): ContainerView =>
  runEnded(view, { exitCode: 1, reason: 'Error', finishedAt: at });
const refuse = (view: ContainerView, attempt: number): ContainerView =>
  startFailed(view, { attempt, message: 'out of processes', at });
const backOff = (view: ContainerView): ContainerView => waiting(view, 'CrashLoopBackOff');

// Upstream's choice (validateContainerLogStatus): a run without a container id has no log.
test.each<[string, ContainerView, number | undefined, number | undefined, boolean]>([
  ['has never run', fresh, undefined, undefined, false],
  ['runs', start(fresh, 0), 0, undefined, false],
  ['has run', end(start(fresh, 0)), 0, undefined, true],
  ['runs again', start(end(start(fresh, 0)), 1), 1, 0, true],
  ['waits for its next run', backOff(end(start(fresh, 0))), 0, 0, true],
  ['could not be started', refuse(fresh, 0), undefined, undefined, true],
  ['waits after a failed start', backOff(refuse(fresh, 0)), undefined, undefined, true],
  ['could not be started again', refuse(end(start(fresh, 0)), 1), 0, 0, true],
  ['runs after a failed start', start(refuse(fresh, 0), 1), 1, undefined, true],
])('a container that %s shows the log of the right run', (_what, view, attempt, previous, hasEnded) => {
  const snapshot = containerSnapshot(view, undefined);
  expect([snapshot.attempt, snapshot.previousAttempt, snapshot.hasEnded]).toEqual([
    attempt,
    previous,
    hasEnded,
  ]);
});
