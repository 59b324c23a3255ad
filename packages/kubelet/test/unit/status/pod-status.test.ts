import { describe, expect, test } from 'vitest';
import {
  type ContainerView,
  newContainer,
  runEnded,
  runStarted,
  waiting,
} from '../../../src/containers/container-state.ts';
import type { Pod } from '../../../src/pods/pod.ts';
import type { PodProgress, PodStage } from '../../../src/status/pod-progress.ts';
import { podPhase } from '../../../src/status/pod-phase.ts';
import { projectPodStatus } from '../../../src/status/pod-status.ts';
import { podManifest } from '../../fixtures/pod-manifest.ts';

const now = new Date('2026-01-01T00:00:30.789Z');
const startTime = new Date('2026-01-01T00:00:00Z');

type Policy = 'Always' | 'OnFailure' | 'Never';
/** `new`, `up`, `backoff` (waits after exit 1), or the exit code of an end. */
type Shape = 'new' | 'up' | 'backoff' | number;

function progressOf(options: {
  readonly policy?: Policy;
  readonly apps: readonly Shape[];
  readonly inits?: readonly Shape[];
  readonly sidecars?: readonly Shape[];
  readonly stage?: PodStage;
  readonly known?: Pod['status'];
  readonly pod?: Partial<Pod['spec']>;
}): PodProgress {
  const { policy = 'Always', apps, inits = [], sidecars = [], stage = { kind: 'live' } } = options;
  const names = (prefix: string, list: readonly Shape[]) =>
    list.map((_, i) => ({ name: `${prefix}${i}`, image: 'x' }));
  const pod = {
    ...podManifest('p', {
      restartPolicy: policy,
      containers: names('c', apps),
      ...(inits.length + sidecars.length === 0
        ? {}
        : { initContainers: [...names('s', sidecars), ...names('i', inits)] }),
      ...options.pod,
    }),
    metadata: { name: 'p', namespace: 'default', uid: 'u', generation: 4 },
    status: options.known,
  } as Pod;
  const view = (shape: Shape, name: string, kind: ContainerView['kind']) =>
    shaped(newContainer(pod, { name, image: 'x' }, kind), shape);
  return {
    pod,
    stage,
    initContainers: [
      ...sidecars.map((shape, i) => view(shape, `s${i}`, 'sidecar')),
      ...inits.map((shape, i) => view(shape, `i${i}`, 'init')),
    ],
    containers: apps.map((shape, i) => view(shape, `c${i}`, 'app')),
    sandbox: stage.kind === 'live' ? { ips: [] } : undefined,
    hostIPs: ['192.0.2.1'],
    startTime,
  };
}

function shaped(view: ContainerView, shape: Shape): ContainerView {
  if (shape === 'new') return view;
  const running = runStarted(view, {
    attempt: 0,
    containerId: 'id',
    image: 'x',
    imageId: 'x@d',
    startedAt: startTime,
  });
  if (shape === 'up') return running;
  const exitCode = shape === 'backoff' ? 1 : shape;
  const ended = runEnded(running, {
    exitCode,
    reason: exitCode === 0 ? 'Completed' : 'Error',
    finishedAt: now,
  });
  return shape === 'backoff' ? waiting(ended, 'CrashLoopBackOff') : ended;
}

const project = (progress: PodProgress) => projectPodStatus(progress, { runtimeName: 'wasmlet', now });
const condition = (progress: PodProgress, type: string) =>
  project(progress).conditions?.find((candidate) => candidate.type === type);

describe('the phase of a live pod', () => {
  test.each<[string, Policy, readonly Shape[], readonly Shape[], string]>([
    ['with a container that has not run is Pending', 'Always', ['new', 'up'], [], 'Pending'],
    ['with all containers up is Running', 'Always', ['up', 'up'], [], 'Running'],
    ['with one up and one in back-off is Running', 'Always', ['up', 'backoff'], [], 'Running'],
    ['with all in back-off is Running', 'OnFailure', ['backoff'], [], 'Running'],
    ['whose containers have all ended is not yet terminal', 'Never', [0, 1], [], 'Running'],
    ['with an init container that has not run is Pending', 'Always', ['new'], ['new'], 'Pending'],
    ['with an init container running is Pending', 'Always', ['new'], ['up'], 'Pending'],
    ['with an init container in back-off is Pending', 'Always', ['new'], ['backoff'], 'Pending'],
    ['with an init container that failed for good is Pending', 'Never', ['new'], [1], 'Pending'],
    ['with init done and a container up is Running', 'Always', ['up'], [0], 'Running'],
  ])('%s', (_, policy, apps, inits, expected) => {
    expect(podPhase(progressOf({ policy, apps, inits }))).toBe(expected);
  });

  test('waits for a sidecar until the app containers have run once', () => {
    expect(podPhase(progressOf({ apps: ['new'], sidecars: ['new'] }))).toBe('Pending');
    expect(podPhase(progressOf({ apps: ['up'], sidecars: ['backoff'] }))).toBe('Running');
  });
});

describe('the phase of a pod that has ended', () => {
  const ended = { kind: 'ended' } as const;
  test.each<[string, readonly Shape[], readonly Shape[], string]>([
    ['is Succeeded when every container ended with 0', [0, 0], [], 'Succeeded'],
    ['is Failed when one did not', [0, 1], [], 'Failed'],
    ['is Failed when one waits after a failure', ['backoff'], [], 'Failed'],
    ['is Failed when one never ran', ['new'], [], 'Failed'],
    ['is Failed when an init container failed', ['new'], [1], 'Failed'],
  ])('%s', (_, apps, inits, expected) => {
    expect(project(progressOf({ policy: 'Never', apps, inits, stage: ended })).phase).toBe(expected);
  });

  test('does not depend on how sidecars ended', () => {
    expect(project(progressOf({ policy: 'Never', apps: [0], sidecars: [143], stage: ended })).phase).toBe(
      'Succeeded',
    );
  });

  test('is Failed with reason and message when the kubelet ended it', () => {
    const verdict = { reason: 'DeadlineExceeded', message: 'too long' };
    const status = project(progressOf({ apps: [0], stage: { kind: 'ended', verdict } }));
    expect(status).toMatchObject({ phase: 'Failed', ...verdict });
  });

  test('is never left', () => {
    expect(podPhase(progressOf({ apps: ['up'], known: { phase: 'Failed' } }))).toBe('Failed');
  });
});

test('a rejected pod has phase, reason, message and start, and no container statuses', () => {
  const verdict = { reason: 'OutOfcpu', message: 'Pod was rejected: no' };
  const status = project(progressOf({ apps: ['new'], stage: { kind: 'rejected', verdict } }));
  expect(status).toMatchObject({ phase: 'Failed', ...verdict, startTime: '2026-01-01T00:00:00Z' });
  expect(status).not.toHaveProperty('containerStatuses');
});

function statuses(progress: PodProgress): Record<string, string> {
  return Object.fromEntries((project(progress).conditions ?? []).map(({ type, status }) => [type, status]));
}

describe('conditions', () => {
  test('are all True in a pod that is up', () => {
    expect(statuses(progressOf({ apps: ['up'], inits: [0] }))).toEqual({
      PodReadyToStartContainers: 'True',
      Initialized: 'True',
      Ready: 'True',
      ContainersReady: 'True',
      PodScheduled: 'True',
    });
  });

  test('but for PodScheduled and Initialized are False while volumes are missing', () => {
    expect(statuses({ ...progressOf({ apps: ['new'] }), sandbox: undefined })).toEqual({
      PodReadyToStartContainers: 'False',
      Initialized: 'True',
      Ready: 'False',
      ContainersReady: 'False',
      PodScheduled: 'True',
    });
  });

  test('name the containers that are not ready', () => {
    const progress = progressOf({ apps: ['up', 'new', 'backoff'], sidecars: ['new'] });
    expect(condition(progress, 'ContainersReady')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [s0 c1 c2]',
    });
    expect(condition(progress, 'Ready')).toMatchObject({ reason: 'ContainersNotReady' });
  });

  test('name the init containers that are not through', () => {
    expect(condition(progressOf({ apps: ['new'], inits: [0, 'up'] }), 'Initialized')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotInitialized',
      message: 'containers with incomplete status: [i1]',
    });
  });

  test.each([
    [0, 'PodCompleted', 'True'],
    [1, 'PodFailed', 'True'],
  ] as const)('of a pod that ended with %i say %s', (code, reason, initialized) => {
    const progress = progressOf({ policy: 'Never', apps: [code], stage: { kind: 'ended' } });
    expect(condition(progress, 'Ready')).toMatchObject({ status: 'False', reason });
    expect(condition(progress, 'ContainersReady')).toMatchObject({ status: 'False', reason });
    expect(condition(progress, 'Initialized')).toMatchObject({ status: initialized });
    expect(condition(progress, 'PodReadyToStartContainers')).toMatchObject({ status: 'False' });
  });

  test('hold Ready back for readiness gates of others', () => {
    const pod = { readinessGates: [{ conditionType: 'a/b' }, { conditionType: 'c/d' }] };
    const known = { conditions: [{ type: 'c/d', status: 'False' }] };
    expect(condition(progressOf({ apps: ['up'], pod, known }), 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ReadinessGatesNotReady',
      message:
        'corresponding condition of pod readiness gate "a/b" does not exist., the status of pod readiness gate "c/d" is not "True", but False',
    });
  });

  test('keep the time of their transition while they do not change', () => {
    const earlier = '2025-12-31T00:00:00Z' as unknown as Date;
    const known = {
      conditions: [
        { type: 'Ready', status: 'True', lastTransitionTime: earlier },
        { type: 'ContainersReady', status: 'False', lastTransitionTime: earlier },
      ],
    };
    const progress = progressOf({ apps: ['up'], known });
    expect(condition(progress, 'Ready')?.lastTransitionTime).toBe('2025-12-31T00:00:00Z');
    expect(condition(progress, 'ContainersReady')?.lastTransitionTime).toBe('2026-01-01T00:00:30Z');
  });

  test('carry the generation that was acted upon', () => {
    const status = project(progressOf({ apps: ['up'] }));
    expect(status.observedGeneration).toBe(4);
    expect(status.conditions?.every(({ observedGeneration }) => observedGeneration === 4)).toBe(true);
  });
});

const said = (text: string) => (view: ContainerView) => waiting(view, 'ErrImagePull', text.repeat(4_000));

describe('container statuses', () => {
  test('are sorted by name, those of init containers stay in the order of the spec', () => {
    const progress = progressOf({ apps: ['up', 'up'], inits: [0], sidecars: ['up'] });
    const status = project({ ...progress, containers: progress.containers.toReversed() });
    expect(status.containerStatuses?.map(({ name }) => name)).toEqual(['c0', 'c1']);
    expect(status.initContainerStatuses?.map(({ name }) => name)).toEqual(['s0', 'i0']);
  });

  test('say what runs, with qualified ids and whole seconds', () => {
    expect(project(progressOf({ apps: ['up'] })).containerStatuses?.[0]).toEqual({
      name: 'c0',
      image: 'x',
      imageID: 'x@d',
      containerID: 'wasmlet://id',
      state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
      lastState: {},
      restartCount: 0,
      ready: true,
      started: true,
    });
  });

  test('show a back-off as waiting with the last run beside it', () => {
    expect(project(progressOf({ apps: ['backoff'] })).containerStatuses?.[0]).toMatchObject({
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 1, reason: 'Error', finishedAt: '2026-01-01T00:00:30Z' } },
      ready: false,
      started: false,
    });
  });

  test('of an ended pod are terminated, never waiting or running', () => {
    const progress = progressOf({ apps: ['backoff', 'up', 'new'], stage: { kind: 'ended' } });
    const states = project(progress).containerStatuses?.map(({ state }) => Object.keys(state ?? {}));
    expect(states).toEqual([['terminated'], ['terminated'], ['terminated']]);
  });

  test('cut messages at 4096 characters', () => {
    const progress = progressOf({ apps: ['new'] });
    const [view] = progress.containers;
    const long = { ...progress, containers: [waiting(view!, 'ErrImagePull', 'x'.repeat(10_000))] };
    expect(project(long).containerStatuses?.[0]?.state?.waiting?.message).toHaveLength(4096);
  });

  test('share 12 KiB for their messages, and cut no character', () => {
    const progress = progressOf({ apps: ['new', 'new', 'new'], inits: ['new', 'new'] });
    const long = {
      ...progress,
      containers: progress.containers.map(said('é')),
      initContainers: progress.initContainers.map(said('x')),
    };
    const { containerStatuses = [], initContainerStatuses = [] } = project(long);
    const lengths = [...containerStatuses, ...initContainerStatuses].map(({ state }) =>
      Buffer.byteLength(state?.waiting?.message ?? ''),
    );
    expect(lengths).toEqual([2_456, 2_456, 2_456, 2_457, 2_457]);
  });
});

describe('addresses', () => {
  test("of a pod without its own are the node's", () => {
    expect(project(progressOf({ apps: ['up'] }))).toMatchObject({
      hostIP: '192.0.2.1',
      hostIPs: [{ ip: '192.0.2.1' }],
      podIP: '192.0.2.1',
      podIPs: [{ ip: '192.0.2.1' }],
    });
  });

  test('of a pod with its own are those', () => {
    const progress = { ...progressOf({ apps: ['up'] }), sandbox: { ips: ['10.0.0.7', 'fd00::7'] } };
    expect(project(progress)).toMatchObject({
      podIP: '10.0.0.7',
      podIPs: [{ ip: '10.0.0.7' }, { ip: 'fd00::7' }],
    });
  });

  test('on loopback are not given to pods', () => {
    const status = project({ ...progressOf({ apps: ['up'] }), hostIPs: ['127.0.0.1'] });
    expect(status).toMatchObject({ hostIP: '127.0.0.1' });
    expect(status).not.toHaveProperty('podIP');
    expect(status).not.toHaveProperty('podIPs');
  });
});
