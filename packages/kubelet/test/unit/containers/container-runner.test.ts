import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ContainerRecord, containerRecords } from '../../../src/containers/container-records.ts';
import { type ContainerRunner, createContainerRunner } from '../../../src/containers/container-runner.ts';
import { newContainer } from '../../../src/containers/container-state.ts';
import { runLogs } from '../../../src/containers/run-logs.ts';
import { silentLogger } from '../../../src/node/logger.ts';
import type { Pod } from '../../../src/pods/pod.ts';
import {
  type Container,
  type ContainerExit,
  type ContainerSpec,
  ProviderError,
} from '../../../src/provider.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { eventually } from '../../fixtures/eventually.ts';

const container = { name: 'c', image: 'i:1' };
const pod: Pod = {
  metadata: { name: 'p', namespace: 'default', uid: 'u' },
  spec: { containers: [container], restartPolicy: 'Never' },
};

interface Setup extends AsyncDisposable {
  readonly runner: ContainerRunner;
  readonly time: ReturnType<typeof virtualClock>;
  readonly errors: readonly string[];
  record(): Promise<ContainerRecord | undefined>;
}

async function setUp(start: (setup: Pick<Setup, 'record'>) => Promise<Container>): Promise<Setup> {
  const directory = await mkdtemp(join(tmpdir(), 'kubelet-runner-'));
  const time = virtualClock();
  const errors: string[] = [];
  const record = (): Promise<ContainerRecord | undefined> => containerRecords(directory, 'u', 'c').load();
  const runner = createContainerRunner({
    pod: () => pod,
    container,
    restored: newContainer(pod, container, 'app'),
    records: containerRecords(directory, 'u', 'c'),
    logs: runLogs(directory, 'u', 'c'),
    events: { pod() {}, container() {} },
    clock: time.clock,
    logger: { ...silentLogger, error: (_fields, message) => errors.push(message) },
    onChange() {},
    obtainImage: () =>
      Promise.resolve({
        reference: 'i:1',
        imageId: 'i@sha256:0',
        digest: 'sha256:0',
        sizeBytes: 1,
        platform: 'test/test',
        pulled: false,
        durationMs: 0,
      }),
    resolveSpec: ({ attempt, logPath }) => Promise.resolve({ attempt, logPath } as ContainerSpec),
    startContainer: () => start({ record }),
  });
  return {
    runner,
    time,
    errors,
    record,
    async [Symbol.asyncDispose]() {
      await runner.stop(time.clock.now());
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function runThat(exited: Promise<ContainerExit>, stop: Container['stop']): Container {
  return { id: 'id', startedAt: new Date(0), exited, stop };
}

describe('a run', () => {
  test('is on disk before the provider is asked to start it', async () => {
    let before: ContainerRecord | undefined;
    const exit: ContainerExit = { exitCode: 0, reason: 'Completed', finishedAt: new Date(0) };
    await using setup = await setUp(async ({ record }) => {
      before = await record();
      return runThat(Promise.resolve(exit), () => Promise.resolve(exit));
    });
    await setup.runner.run();
    expect(before).toEqual({ attempt: 0, image: 'i:1' });
    expect(await setup.record()).toMatchObject({ attempt: 0, end: { exitCode: 0 } });
  });

  test('that has not begun after all leaves no trace', async () => {
    await using setup = await setUp(() =>
      Promise.reject(new ProviderError('CONTAINER_CREATE', 'unknown import x.y')),
    );
    void setup.runner.run();
    await eventually(() => setup.runner.view.state.phase === 'waiting' && setup.time.sleeping === 1);
    expect(setup.runner.view.state).toEqual({
      phase: 'waiting',
      reason: 'CreateContainerError',
      message: 'unknown import x.y',
    });
    expect(await setup.record()).toBeUndefined();
    expect(setup.time.nextInMs).toBe(10_000);
  });

  test('whose provider fails to stop it is waited for all the same', async () => {
    const exited = Promise.withResolvers<ContainerExit>();
    await using setup = await setUp(() =>
      Promise.resolve(runThat(exited.promise, () => Promise.reject(new Error('the wire is gone')))),
    );
    void setup.runner.run();
    await eventually(() => setup.runner.view.state.phase === 'running');
    const stopped = setup.runner.stop(new Date(0));
    await eventually(() => setup.errors.length === 1);
    exited.resolve({ exitCode: 137, reason: 'Error', finishedAt: new Date(0) });
    await stopped;
    expect(setup.errors).toEqual(['a container could not be stopped']);
    expect(setup.runner.view.state).toMatchObject({ phase: 'terminated', exitCode: 137 });
  });
});
