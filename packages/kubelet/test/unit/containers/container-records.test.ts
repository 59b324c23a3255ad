import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  announcedRun,
  type ContainerRecord,
  containerRecords,
  recordOf,
} from '../../../src/containers/container-records.ts';
import {
  type ContainerView,
  newContainer,
  runEnded,
  runStarted,
  waiting,
} from '../../../src/containers/container-state.ts';
import { restoreContainer } from '../../../src/containers/container-restore.ts';
import type { Pod } from '../../../src/pods/pod.ts';

const container = { name: 'c', image: 'i:1' };
const pod: Pod = {
  metadata: { name: 'p', namespace: 'default', uid: 'u' },
  spec: { containers: [container], restartPolicy: 'OnFailure' },
};
const fresh = newContainer(pod, container, 'app');
const running = started(fresh, 0);
const failed = ended(running, 1);
const again = started(waiting(failed, 'CrashLoopBackOff', 'later'), 1);

function started(view: ContainerView, attempt: number): ContainerView {
  return runStarted(view, {
    attempt,
    containerId: `id-${attempt}`,
    image: 'i:1',
    imageId: 'i@sha256:0',
    startedAt: new Date(1_000 * (attempt + 1)),
  });
}

function ended(view: ContainerView, exitCode: number): ContainerView {
  return runEnded(view, {
    exitCode,
    reason: exitCode === 0 ? 'Completed' : 'Error',
    message: 'm',
    finishedAt: new Date(9_000),
  });
}

async function setUp(): Promise<AsyncDisposable & { readonly path: string; readonly directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'kubelet-records-'));
  return {
    directory,
    path: join(directory, 'pods/u/records/c.json'),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

describe('the record of a container', () => {
  test.each([
    ['runs', recordOf(running, 0)],
    ['has ended', recordOf(failed, 0)],
    ['waits for its next run', recordOf(waiting(failed, 'CrashLoopBackOff'), 0)],
    ['runs again', recordOf(again, 1)],
    ['is about to run', announcedRun(failed, 1)],
  ])('is read back as it was written when the container %s', async (_title, record) => {
    await using place = await setUp();
    const records = containerRecords(place.directory, 'u', 'c');
    await records.save(record);
    expect(await containerRecords(place.directory, 'u', 'c').load()).toEqual(record);
    expect((await stat(place.path)).mode & 0o777).toBe(0o600);
    expect(await readdir(dirname(place.path))).toEqual(['c.json']);
    await records.clear();
    await records.clear();
    expect(await records.load()).toBeUndefined();
  });

  test('is what was saved last', async () => {
    await using place = await setUp();
    const records = containerRecords(place.directory, 'u', 'c');
    await Promise.all(Array.from({ length: 20 }, (_, attempt) => records.save({ attempt, image: 'i' })));
    expect(await records.load()).toEqual({ attempt: 19, image: 'i' });
  });

  test.each([
    ['nothing', ''],
    ['half of one', '{"version":1,"attempt":0,"ima'],
    ['that of another version', '{"version":2,"attempt":0,"image":"i"}'],
    ['one without an image', '{"version":1,"attempt":0}'],
    ['one that counts backwards', '{"version":1,"attempt":-1,"image":"i"}'],
    ['something very long', `{"version":1,"attempt":0,"image":"${'x'.repeat(70_000)}"}`],
  ])('counts as absent when the file holds %s', async (_title, text) => {
    await using place = await setUp();
    await mkdir(dirname(place.path), { recursive: true });
    await writeFile(place.path, text);
    expect(await containerRecords(place.directory, 'u', 'c').load()).toBeUndefined();
  });
});

function restore(record: ContainerRecord | undefined, known: Pod = pod): ContainerView {
  return restoreContainer(known, container, 'app', record);
}

describe('a container is restored', () => {
  test('as new when there is neither record nor status', () => {
    expect(restore(undefined)).toEqual(fresh);
  });

  test('as ended when it had ended, with its restart count and the run before', () => {
    const done = ended(again, 0);
    expect(restore(recordOf(done, 1))).toEqual(done);
  });

  test.each([
    ['ran', recordOf(again, 1)],
    ['was about to run', announcedRun(failed, 1)],
  ])('as one of unknown end when it %s', (_title, record) => {
    const view = restore(record);
    expect(view).toMatchObject({
      attempt: 1,
      state: { phase: 'terminated', attempt: 1, exitCode: 137, reason: 'ContainerStatusUnknown' },
      last: { attempt: 0, exitCode: 1 },
    });
  });

  test('as ended when it waited for its next run', () => {
    expect(restore(recordOf(waiting(failed, 'CrashLoopBackOff'), 0)).state).toEqual(failed.state);
  });

  test.each([
    [
      'ran',
      { restartCount: 2, state: { running: { startedAt: '2026-01-01T00:00:00Z' } } },
      { attempt: 2, state: { phase: 'terminated', exitCode: 137, reason: 'ContainerStatusUnknown' } },
    ],
    [
      'had completed',
      { restartCount: 0, state: { terminated: { exitCode: 0, reason: 'Completed' } } },
      { attempt: 0, state: { phase: 'terminated', exitCode: 0, reason: 'Completed' } },
    ],
    [
      'waited to be restarted',
      {
        restartCount: 3,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { exitCode: 2, reason: 'Error' } },
      },
      { attempt: 3, state: { phase: 'terminated', exitCode: 2, reason: 'Error' } },
    ],
    [
      'had never run',
      { restartCount: 0, state: { waiting: { reason: 'ContainerCreating' } } },
      { state: { phase: 'waiting', reason: 'ContainerCreating' } },
    ],
  ])('from the API’s status when it %s and there is no record', (_title, status, expected) => {
    const known = {
      ...pod,
      status: { containerStatuses: [{ name: 'c', image: 'i:1', imageID: 'i@x', ready: false, ...status }] },
    } as unknown as Pod;
    expect(restore(undefined, known)).toMatchObject(expected);
  });

  test('from its record rather than from a status that is older', () => {
    const known = {
      ...pod,
      status: { containerStatuses: [{ name: 'c', restartCount: 0, state: { running: {} } }] },
    } as unknown as Pod;
    expect(restore(recordOf(ended(again, 0), 1), known).state).toMatchObject({ exitCode: 0, attempt: 1 });
  });
});
