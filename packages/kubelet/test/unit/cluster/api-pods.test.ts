import { describe, expect, test } from 'vitest';
import { createApiServerCluster } from '../../../src/cluster/api-server/api-server-cluster.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { json, type ScriptedApi, startApi, status, watching } from '../../fixtures/api-server.ts';

const pod = { namespace: 'ns', name: 'p', uid: 'u1' };
const patch = 'PATCH /api/v1/namespaces/ns/pods/p/status';
const remove = 'DELETE /api/v1/namespaces/ns/pods/p';
const list = 'GET /api/v1/namespaces/ns/pods';

function podObject(uid = 'u1'): object {
  return { metadata: { namespace: 'ns', name: 'p', uid, resourceVersion: '5' }, spec: { containers: [] } };
}

async function setUp(): Promise<
  AsyncDisposable & { readonly api: ScriptedApi; readonly cluster: ReturnType<typeof createApiServerCluster> }
> {
  const api = await startApi();
  const { clock } = virtualClock();
  const cluster = createApiServerCluster({ nodeName: 'n1', access: api.access, clock, random: () => 0 });
  return {
    api,
    cluster,
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}

describe('the status of a pod', () => {
  test('is a strategic merge patch that names the uid', async () => {
    await using setup = await setUp();
    setup.api.on(patch, json(podObject()));
    const stored = await setup.cluster.status.patchPod(pod, { phase: 'Running', reason: null });
    expect(stored.metadata.uid).toBe('u1');
    expect(setup.api.requests[0]).toMatchObject({
      body: { metadata: { uid: 'u1' }, status: { phase: 'Running', reason: null } },
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
    });
  });

  test('is sent again after a conflict with another writer', async () => {
    await using setup = await setUp();
    setup.api.on(patch, status(409, 'Conflict', 'changed'), json(podObject()));
    setup.api.on(list, json({ metadata: { resourceVersion: '1' }, items: [podObject()] }));
    await setup.cluster.status.patchPod(pod, { phase: 'Running' });
    expect(setup.api.received(list)[0]?.query['fieldSelector']).toBe('metadata.name=p,spec.nodeName=n1');
    expect(setup.api.received(patch)).toHaveLength(2);
  });

  test('is NotFound when another pod has the name by now', async () => {
    await using setup = await setUp();
    setup.api.on(patch, status(409, 'Conflict', 'uid mismatch'));
    setup.api.on(list, json({ metadata: { resourceVersion: '1' }, items: [podObject('u2')] }));
    await expect(setup.cluster.status.patchPod(pod, { phase: 'Running' })).rejects.toMatchObject({
      code: 'NotFound',
    });
    expect(setup.api.received(patch)).toHaveLength(1);
  });
});

describe('the last DELETE of a pod', () => {
  test('has no grace and the uid as its precondition', async () => {
    await using setup = await setUp();
    setup.api.on(remove, json({}));
    await setup.cluster.status.deletePod(pod);
    expect(setup.api.requests[0]?.body).toEqual({ gracePeriodSeconds: 0, preconditions: { uid: 'u1' } });
  });

  test.each([
    [404, 'NotFound'],
    [409, 'Conflict'],
  ])('is done when the server says %d %s', async (code, reason) => {
    await using setup = await setUp();
    setup.api.on(remove, status(code, reason, 'gone'));
    await expect(setup.cluster.status.deletePod(pod)).resolves.toBeUndefined();
  });

  test('rejects when the server fails', async () => {
    await using setup = await setUp();
    setup.api.on(remove, status(500, '', 'etcd'));
    await expect(setup.cluster.status.deletePod(pod)).rejects.toMatchObject({ code: 'Unavailable' });
  });
});

test('the pods of the node are listed and watched by their node, of all namespaces', async () => {
  await using setup = await setUp();
  const stream = watching();
  setup.api.on('GET /api/v1/pods', json({ metadata: { resourceVersion: '9' }, items: [podObject()] }));
  setup.api.on('WATCH /api/v1/pods', stream.answer);
  const abort = new AbortController();
  const seen: string[] = [];
  stream.send('DELETED', podObject());
  for await (const event of setup.cluster.pods.watch({ signal: abort.signal })) {
    seen.push(event.type === 'synced' ? 'synced' : `${event.type} ${event.pod.metadata.uid}`);
    if (event.type === 'deleted') abort.abort();
  }
  expect(seen).toEqual(['added u1', 'synced', 'deleted u1']);
  expect(setup.api.requests.map(({ query }) => query['fieldSelector'])).toEqual([
    'spec.nodeName=n1',
    'spec.nodeName=n1',
  ]);
});

test('a token is asked for with its audience or none, bound to the pod', async () => {
  await using setup = await setUp();
  const operation = 'POST /api/v1/namespaces/ns/serviceaccounts/builder/token';
  setup.api.on(operation, json({ status: { token: 'x', expirationTimestamp: '2026-01-01T01:00:00Z' } }));
  const request = { namespace: 'ns', serviceAccount: 'builder', expirationSeconds: 3_600, pod };
  expect(await setup.cluster.tokens.request({ ...request, audience: 'vault' })).toEqual({
    token: 'x',
    expiresAt: new Date('2026-01-01T01:00:00Z'),
  });
  await setup.cluster.tokens.request(request);
  const [named, none] = setup.api.received(operation).map(({ body }) => (body as { spec: object }).spec);
  expect(named).toEqual({
    audiences: ['vault'],
    expirationSeconds: 3_600,
    boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u1' },
  });
  expect(none).toMatchObject({ audiences: [] });
});
