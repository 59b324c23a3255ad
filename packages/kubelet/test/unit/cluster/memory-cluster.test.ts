import type { V1Node, V1Pod } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import type { KubeEvent, PodEvent } from '../../../src/cluster/cluster.ts';
import { createMemoryCluster } from '../../../src/cluster/memory/memory-cluster.ts';
import { podIdentity } from '../../../src/pods/pod.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';

const hello: V1Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'hello' },
  spec: { containers: [{ name: 'app', image: 'registry.example/hello:v1' }] },
};

function cluster() {
  const { clock } = virtualClock();
  return createMemoryCluster({ nodeName: 'n1', clock });
}

function storedPod(of: ReturnType<typeof cluster>) {
  const pod = of.get('Pod', 'default', 'hello');
  if (pod === undefined) throw new Error('no pod');
  return pod;
}

describe('applying', () => {
  test('a new pod is bound, Pending and has the API server’s defaults', () => {
    const memory = cluster();
    memory.apply(hello);
    const pod = storedPod(memory);
    expect(pod.spec).toMatchObject({
      nodeName: 'n1',
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      containers: [{ imagePullPolicy: 'IfNotPresent' }],
    });
    expect(pod.status).toMatchObject({ phase: 'Pending', qosClass: 'BestEffort' });
    expect(pod.metadata).toMatchObject({ resourceVersion: '1', generation: 1 });
  });

  test('again keeps uid and status, and counts a generation only when the spec changes', async () => {
    const memory = cluster();
    memory.apply(hello);
    const first = storedPod(memory);
    await memory.status.patchPod(podIdentity(first), { phase: 'Running' });
    memory.apply({ ...hello, metadata: { name: 'hello', labels: { tier: 'web' } } });
    expect(storedPod(memory)).toMatchObject({
      metadata: { uid: first.metadata.uid, generation: 1 },
      status: { phase: 'Running' },
    });
    memory.apply({ ...hello, spec: { containers: [{ name: 'app', image: 'registry.example/hello:v2' }] } });
    expect(storedPod(memory).metadata.generation).toBe(2);
  });

  test('a pod without containers and a kind that is not kept are refused', () => {
    expect(() => cluster().apply({ ...hello, spec: { containers: [] } })).toThrow(/at least one container/);
    expect(() => cluster().apply({ kind: 'Gadget', metadata: { name: 'g' } })).toThrow(/"Gadget"/);
  });

  test('stringData of a secret is stored encoded', () => {
    const memory = cluster();
    memory.apply({ kind: 'Secret', metadata: { name: 's' }, stringData: { user: 'ann' } });
    expect(memory.get('Secret', 'default', 's')?.data).toEqual({ user: 'YW5u' });
  });
});

describe('deleting', () => {
  test('leaves the pod with a deadline until the kubelet deletes it', async () => {
    const memory = cluster();
    memory.apply(hello);
    memory.delete({ namespace: 'default', name: 'hello' });
    const pod = storedPod(memory);
    expect(pod.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:30Z',
      deletionGracePeriodSeconds: 30,
      generation: 2,
    });
    expect(() => memory.apply(hello)).toThrow(/being deleted/);
    await memory.status.deletePod({ ...podIdentity(pod), uid: 'another' });
    expect(memory.get('Pod', 'default', 'hello')).toBeDefined();
    await memory.status.deletePod(podIdentity(pod));
    expect(memory.get('Pod', 'default', 'hello')).toBeUndefined();
  });

  test('again can only shorten the grace period', () => {
    const memory = cluster();
    memory.apply(hello);
    memory.delete({ namespace: 'default', name: 'hello' }, { gracePeriodSeconds: 5 });
    memory.delete({ namespace: 'default', name: 'hello' }, { gracePeriodSeconds: 60 });
    expect(storedPod(memory).metadata.deletionGracePeriodSeconds).toBe(5);
  });

  test('with no grace, or after the end, removes at once', async () => {
    const memory = cluster();
    memory.apply(hello);
    memory.delete({ namespace: 'default', name: 'hello' }, { gracePeriodSeconds: 0 });
    expect(memory.list('Pod')).toEqual([]);
    memory.apply(hello);
    await memory.status.patchPod(podIdentity(storedPod(memory)), { phase: 'Succeeded' });
    memory.delete({ namespace: 'default', name: 'hello' });
    expect(memory.list('Pod')).toEqual([]);
  });
});

describe('status', () => {
  test('merges conditions by type and addresses by ip, replaces container statuses, clears with null', async () => {
    const memory = cluster();
    memory.apply(hello);
    const identity = podIdentity(storedPod(memory));
    await memory.status.patchPod(identity, {
      phase: 'Running',
      reason: 'Old',
      conditions: [{ type: 'Ready', status: 'False' }],
      podIPs: [{ ip: '10.0.0.1' }],
      containerStatuses: [{ name: 'a' }, { name: 'b' }],
    });
    const stored = await memory.status.patchPod(identity, {
      reason: null,
      conditions: [{ type: 'Ready', status: 'True' }],
      podIPs: [{ ip: '10.0.0.2' }, { $patch: 'replace' }],
      containerStatuses: [{ name: 'b' }],
    });
    expect(stored.status).toEqual({
      phase: 'Running',
      qosClass: 'BestEffort',
      conditions: [
        { type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' },
        { type: 'Ready', status: 'True' },
      ],
      podIPs: [{ ip: '10.0.0.2' }],
      containerStatuses: [{ name: 'b' }],
    });
    expect(stored.metadata.generation).toBe(1);
  });

  test('of another uid is NotFound', async () => {
    const memory = cluster();
    memory.apply(hello);
    const identity = { namespace: 'default', name: 'hello', uid: 'gone' };
    await expect(memory.status.patchPod(identity, {})).rejects.toMatchObject({ code: 'NotFound' });
  });
});

describe('the feed', () => {
  test('delivers what is there, then synced, then changes; another uid is deleted and added', async () => {
    const memory = cluster();
    memory.apply(hello);
    memory.apply({ ...hello, metadata: { name: 'elsewhere' }, spec: { ...hello.spec!, nodeName: 'n2' } });
    const abort = new AbortController();
    const seen: string[] = [];
    const steps: (() => void)[] = [
      () => memory.apply({ ...hello, metadata: { name: 'hello', labels: { a: 'b' } } }),
      () => {
        memory.delete({ namespace: 'default', name: 'hello' }, { gracePeriodSeconds: 0 });
        memory.apply(hello);
      },
      () => abort.abort(),
    ];
    for await (const event of memory.pods.watch({ signal: abort.signal })) {
      seen.push(label(event));
      if (event.type !== 'added' && event.type !== 'deleted') steps.shift()?.();
      else if (seen.length > 4) steps.shift()?.();
    }
    expect(seen).toEqual(['added hello', 'synced', 'modified hello', 'deleted hello', 'added hello']);
  });

  test('merges the changes that a slow reader has not taken', async () => {
    const memory = cluster();
    const abort = new AbortController();
    const reader = memory.pods.watch({ signal: abort.signal })[Symbol.asyncIterator]();
    expect((await reader.next()).value).toEqual({ type: 'synced' });
    memory.apply(hello);
    for (let turn = 0; turn < 50; turn++) {
      memory.apply({ ...hello, metadata: { name: 'hello', labels: { turn: String(turn) } } });
    }
    const { value } = await reader.next();
    expect(value).toMatchObject({ type: 'added', pod: { metadata: { labels: { turn: '49' } } } });
    abort.abort();
    expect((await reader.next()).done).toBe(true);
  });
});

test('objects are read by name, and watched', async () => {
  const memory = cluster();
  await expect(memory.objects.configMap('default', 'c')).rejects.toMatchObject({
    code: 'NotFound',
    message: 'configmaps "c" not found',
  });
  const seen: unknown[] = [];
  const watch = memory.objects.watch('configMap', 'default', 'c', (object) => seen.push(object?.data));
  memory.apply({ kind: 'ConfigMap', metadata: { name: 'c' }, data: { k: '1' } });
  memory.apply({ kind: 'ConfigMap', metadata: { name: 'other' }, data: { k: '2' } });
  memory.remove('ConfigMap', 'default', 'c');
  await watch[Symbol.asyncDispose]();
  memory.apply({ kind: 'ConfigMap', metadata: { name: 'c' }, data: { k: '3' } });
  expect(seen).toEqual([{ k: '1' }, undefined]);
});

test('tokens are unsigned, or refused when asked so', async () => {
  const memory = cluster();
  memory.apply(hello);
  const request = {
    namespace: 'default',
    serviceAccount: 'default',
    expirationSeconds: 600,
    pod: podIdentity(storedPod(memory)),
  };
  const issued = await memory.tokens.request(request);
  expect(issued.expiresAt).toEqual(new Date('2026-01-01T00:10:00Z'));
  expect(issued.token.endsWith('.')).toBe(true);
  const refusing = createMemoryCluster({ nodeName: 'n1', tokens: 'refused' });
  await expect(refusing.tokens.request(request)).rejects.toThrow(/there is no API server/);
});

test('a node is created once, its lease guarded by resource versions', async () => {
  const { nodes } = cluster();
  const node: V1Node = { metadata: { name: 'n1' }, spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } };
  await nodes.create(node);
  await expect(nodes.create(node)).rejects.toMatchObject({ code: 'AlreadyExists' });
  const patched = await nodes.patchStatus('n1', {
    status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }, { $patch: 'replace' }] },
  });
  expect(patched).toMatchObject({ status: { addresses: [{ address: '10.0.0.1' }] }, spec: node.spec });
  const lease = await nodes.createLease({ metadata: { name: 'n1' }, spec: { leaseDurationSeconds: 40 } });
  await nodes.updateLease(lease);
  await expect(nodes.updateLease(lease)).rejects.toMatchObject({ code: 'Conflict' });
});

test('events reach their observers until they leave', () => {
  const memory = cluster();
  const seen: KubeEvent[] = [];
  const leave = memory.onEvent((event) => seen.push(event));
  const event: KubeEvent = {
    regarding: { apiVersion: 'v1', kind: 'Pod', name: 'hello' },
    type: 'Normal',
    reason: 'Started',
    message: 'Container started',
  };
  memory.events.record(event);
  leave();
  memory.events.record(event);
  expect(seen).toEqual([event]);
});

function label(event: PodEvent): string {
  return event.type === 'synced' ? 'synced' : `${event.type} ${event.pod.metadata.name}`;
}
