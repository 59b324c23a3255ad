import { describe, expect, test } from 'vitest';
import { ClusterError, type PodStatusPatch } from '../../../src/cluster/cluster.ts';
import { strategicMerge } from '../../../src/cluster/memory/strategic-merge.ts';
import { silentLogger } from '../../../src/node/logger.ts';
import type { Pod } from '../../../src/pods/pod.ts';
import type { PodStatus } from '../../../src/status/pod-status.ts';
import { statusDiffers, statusPatch } from '../../../src/status/status-patch.ts';
import { createPodStatusWriter } from '../../../src/status/status-writer.ts';
import { virtualClock } from '../../../src/testing.ts';
import { eventually } from '../../fixtures/eventually.ts';

const identity = { namespace: 'default', name: 'p', uid: 'u' };
const status = (phase: string): PodStatus => ({ phase });

/** An API whose answers the test gives, one by one. */
function startWriter() {
  const time = virtualClock();
  const abort = new AbortController();
  const calls: { readonly phase: unknown; answer(error?: Error): void }[] = [];
  const stored: Pod[] = [];
  const writer = createPodStatusWriter({
    pod: identity,
    known: () => undefined,
    api: {
      patchPod: (_, { phase }: PodStatusPatch) =>
        new Promise((resolve, reject) => {
          const pod = { metadata: identity, spec: { containers: [] } } as Pod;
          calls.push({ phase, answer: (error) => (error === undefined ? resolve(pod) : reject(error)) });
        }),
    },
    clock: time.clock,
    logger: silentLogger,
    onStored: (pod) => stored.push(pod),
    signal: abort.signal,
  });
  const call = async (index: number) => {
    await eventually(() => calls.length > index);
    return calls[index]!;
  };
  return { writer, calls, call, stored, time, abort };
}

describe('a status writer', () => {
  test('makes one patch of what is written in one turn', async () => {
    const { writer, calls, call } = startWriter();
    writer.write(status('Pending'));
    writer.write(status('Running'));
    (await call(0)).answer();
    await writer.flushed();
    expect(calls.map(({ phase }) => phase)).toEqual(['Running']);
  });

  test('has one patch in flight, and of what waits the latest wins', async () => {
    const { writer, calls, call, stored } = startWriter();
    writer.write(status('a'));
    const first = await call(0);
    writer.write(status('b'));
    writer.write(status('c'));
    expect(calls).toHaveLength(1);
    first.answer();
    (await call(1)).answer();
    await writer.flushed();
    expect(calls.map(({ phase }) => phase)).toEqual(['a', 'c']);
    expect(stored).toHaveLength(2);
    expect(writer.isIdle).toBe(true);
  });

  test('does not send again what is stored, unless it is told to', async () => {
    const { writer, calls, call } = startWriter();
    writer.write(status('a'));
    (await call(0)).answer();
    await writer.flushed();
    writer.write(status('a'));
    expect(writer.isIdle).toBe(true);
    writer.write(status('a'), { force: true });
    (await call(1)).answer();
    await writer.flushed();
    expect(calls).toHaveLength(2);
  });

  test('tries again after 0.5 s, 1 s, 2 s while the API is away, with the latest status', async () => {
    const { writer, call, calls, time } = startWriter();
    writer.write(status('a'));
    for (const [index, delayMs] of [500, 1_000, 2_000].entries()) {
      (await call(index)).answer(new ClusterError('Unavailable', 'away'));
      await eventually(() => time.sleeping === 1);
      await time.advance(delayMs - 1);
      expect(calls).toHaveLength(index + 1);
      if (index === 2) writer.write(status('b'));
      await time.advance(1);
    }
    (await call(3)).answer();
    await writer.flushed();
    expect(calls.map(({ phase }) => phase)).toEqual(['a', 'a', 'a', 'b']);
  });

  test('waits as long as the API asks it to', async () => {
    const { writer, call, calls, time } = startWriter();
    writer.write(status('a'));
    (await call(0)).answer(new ClusterError('TooManyRequests', 'slow down', { retryAfterMs: 7_000 }));
    await eventually(() => time.sleeping === 1);
    await time.advance(6_999);
    expect(calls).toHaveLength(1);
    await time.advance(1);
    (await call(1)).answer();
    await writer.flushed();
  });

  test('sends again after a conflict', async () => {
    const { writer, call, calls, time } = startWriter();
    writer.write(status('a'));
    (await call(0)).answer(new ClusterError('Conflict', 'somebody was faster'));
    await eventually(() => time.sleeping === 1);
    await time.advance(500);
    (await call(1)).answer();
    await writer.flushed();
    expect(calls).toHaveLength(2);
  });

  test.each(['NotFound', 'Invalid'] as const)('gives up a status that is answered %s', async (code) => {
    const { writer, call, calls, stored } = startWriter();
    writer.write(status('a'));
    (await call(0)).answer(new ClusterError(code, 'no'));
    await writer.flushed();
    expect(calls).toHaveLength(1);
    expect(stored).toHaveLength(0);
  });

  test('goes on with the next status after a refused one', async () => {
    const { writer, call, calls } = startWriter();
    writer.write(status('a'));
    const first = await call(0);
    writer.write(status('b'));
    first.answer(new ClusterError('Invalid', 'no'));
    (await call(1)).answer();
    await writer.flushed();
    expect(calls.map(({ phase }) => phase)).toEqual(['a', 'b']);
  });

  test('is done at once when it is aborted while it waits', async () => {
    const { writer, call, time, abort } = startWriter();
    writer.write(status('a'));
    (await call(0)).answer(new ClusterError('Unavailable', 'away'));
    await eventually(() => time.sleeping === 1);
    abort.abort();
    await writer.flushed();
    writer.write(status('b'));
    expect(writer.isIdle).toBe(true);
    expect(time.sleeping).toBe(0);
  });
});

function merged(known: Pod['status'], next: PodStatus): unknown {
  return strategicMerge({ status: known }, { status: statusPatch(next, known) })['status'];
}

describe('a status patch', () => {
  test('keeps the conditions of others and clears what its own no longer have', () => {
    const known = {
      conditions: [
        { type: 'a/b', status: 'True' },
        { type: 'Ready', status: 'False', reason: 'ContainersNotReady', message: 'm' },
      ],
    };
    expect(
      merged(known, { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }),
    ).toMatchObject({
      conditions: [
        { type: 'a/b', status: 'True' },
        { type: 'Ready', status: 'True' },
      ],
    });
    const [, ready] =
      (merged(known, { conditions: [{ type: 'Ready', status: 'True' }] }) as PodStatus).conditions ?? [];
    expect(ready).not.toHaveProperty('reason');
  });

  test('clears reason and message that no longer hold', () => {
    expect(merged({ reason: 'r', message: 'm' }, { phase: 'Running' })).toEqual({
      phase: 'Running',
      conditions: [],
    });
  });

  test('replaces addresses that have changed', () => {
    const known = { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] };
    const next = { podIP: '10.0.0.2', podIPs: [{ ip: '10.0.0.2' }] };
    expect(merged(known, next)).toMatchObject(next);
    expect(merged({}, next)).toMatchObject(next);
    expect(statusPatch(known, known)['podIPs']).toEqual(known.podIPs);
  });

  test('is due when the API shows another phase, address, reason or condition of the kubelet', () => {
    const own: PodStatus = {
      phase: 'Running',
      podIP: '10.0.0.1',
      conditions: [{ type: 'Ready', status: 'True' }],
    };
    const known = (changes: object) => ({ ...own, ...changes }) as unknown as Pod['status'];
    expect(statusDiffers(own, known({}))).toBe(false);
    expect(
      statusDiffers(own, known({ conditions: [...(own.conditions ?? []), { type: 'x', status: 'True' }] })),
    ).toBe(false);
    expect(statusDiffers(own, undefined)).toBe(true);
    expect(statusDiffers(own, known({ phase: 'Pending' }))).toBe(true);
    expect(statusDiffers(own, known({ podIP: '10.0.0.2' }))).toBe(true);
    expect(statusDiffers(own, known({ reason: 'NodeLost' }))).toBe(true);
    expect(statusDiffers(own, known({ conditions: [{ type: 'Ready', status: 'False' }] }))).toBe(true);
  });
});
