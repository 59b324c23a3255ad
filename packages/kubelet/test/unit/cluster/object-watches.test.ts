import type { V1ConfigMap } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { createApiServerCluster } from '../../../src/cluster/api-server/api-server-cluster.ts';
import type { ObjectWatch } from '../../../src/cluster/cluster.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { json, type ScriptedApi, startApi, status, watching } from '../../fixtures/api-server.ts';
import { createAuthority } from '../../fixtures/certificate-authority.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { passSleeps } from '../../fixtures/wait-for-sleep.ts';

const list = 'GET /api/v1/namespaces/ns/configmaps';
const watch = 'WATCH /api/v1/namespaces/ns/configmaps';

function map(version: number, options: Partial<V1ConfigMap> = {}): V1ConfigMap {
  return {
    metadata: { namespace: 'ns', name: 'm', uid: 'u', resourceVersion: String(version) },
    data: { version: String(version) },
    ...options,
  };
}

function listed(...items: readonly V1ConfigMap[]): ReturnType<typeof json> {
  return json({ metadata: { resourceVersion: '10' }, items });
}

interface Setup extends AsyncDisposable {
  readonly api: ScriptedApi;
  readonly time: ReturnType<typeof virtualClock>;
  readonly cluster: ReturnType<typeof createApiServerCluster>;
  follow(): { readonly seen: readonly string[]; readonly watch: ObjectWatch };
}

async function setUp(started?: ScriptedApi): Promise<Setup> {
  const api = started ?? (await startApi());
  const time = virtualClock();
  const cluster = createApiServerCluster({
    nodeName: 'n1',
    access: api.access,
    clock: time.clock,
    random: () => 0,
  });
  return {
    api,
    time,
    cluster,
    follow() {
      const seen: string[] = [];
      const watched = cluster.objects.watch('configMap', 'ns', 'm', (object) =>
        seen.push(object?.data?.['version'] ?? 'gone'),
      );
      return { seen, watch: watched };
    },
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
      expect(time.sleeping).toBe(0);
    },
  };
}

describe('the watch of an object', () => {
  test('asks for this one name only, and tells each new state', async () => {
    await using setup = await setUp();
    const stream = watching();
    setup.api.on(list, listed(map(1)));
    setup.api.on(watch, stream.answer);
    const { seen } = setup.follow();
    stream.send('MODIFIED', map(11));
    stream.send('DELETED', map(12));
    stream.send('ADDED', map(13));
    await eventually(() => seen.length === 4);
    expect(seen).toEqual(['1', '11', 'gone', '13']);
    for (const { query } of setup.api.requests) expect(query['fieldSelector']).toBe('metadata.name=m');
  });

  test('is one for all pods that use the object, and ends with the last of them', async () => {
    await using setup = await setUp();
    const [stream, later] = [watching(), watching()];
    setup.api.on(list, listed(map(1)));
    setup.api.on(watch, stream.answer, later.answer);
    const first = setup.follow();
    await setup.api.request(watch);
    const second = setup.follow();
    await eventually(() => second.seen.length === 1);
    await first.watch[Symbol.asyncDispose]();
    stream.send('MODIFIED', map(11));
    await eventually(() => second.seen.length === 2);
    expect(first.seen).toEqual(['1']);
    expect(setup.api.requests).toHaveLength(2);
    await second.watch[Symbol.asyncDispose]();
    expect(setup.time.sleeping).toBe(0);
    setup.follow();
    await setup.api.request(watch, 2);
  });

  test('is given up when the object says that it is immutable', async () => {
    await using setup = await setUp();
    setup.api.on(list, listed(map(1, { immutable: true })));
    const { seen } = setup.follow();
    await eventually(() => seen.length === 1);
    await eventually(() => setup.time.sleeping === 0);
    expect(setup.api.received(watch)).toEqual([]);
  });

  test('goes on when the server says 403 for a while', async () => {
    await using setup = await setUp();
    const stream = watching();
    setup.api.on(list, status(403, 'Forbidden', 'no relationship found'), listed(map(1)));
    setup.api.on(watch, stream.answer);
    const { seen } = setup.follow();
    await passSleeps(setup.time, 800);
    await eventually(() => seen.length === 1);
    expect(setup.api.received(list)).toHaveLength(2);
  });

  test('shares one HTTP/2 connection with other watches, behind a CA and a client certificate', async () => {
    const authority = await createAuthority();
    const server = await authority.issue({ commonName: 'apiserver', ip: '127.0.0.1' });
    const client = await authority.issue({ commonName: 'system:node:n1', organization: 'system:nodes' });
    const started = await startApi({
      tls: { ...server, clientCa: authority.cert },
      clientTls: { ...client, ca: authority.cert },
    });
    await using setup = await setUp(started);
    const names = ['a', 'b', 'c', 'd'];
    const streams = names.map(() => watching());
    setup.api.on(list, listed());
    setup.api.on(watch, ...streams.map(({ answer }) => answer));
    for (const name of names) setup.cluster.objects.watch('configMap', 'ns', name, () => undefined);
    await setup.api.request(watch, 4);
    const versions = setup.api
      .received(watch)
      .map(({ httpVersion, clientName }) => [httpVersion, clientName]);
    expect(versions).toEqual(names.map(() => ['2.0', 'system:node:n1']));
    // The lists went over HTTP/1.1.
    expect(setup.api.received(list).map(({ httpVersion }) => httpVersion)).toEqual(names.map(() => '1.1'));
  });
});

describe('reading an object', () => {
  const get = 'GET /api/v1/namespaces/ns/secrets/s';

  test('waits for the authorizer, which hears of a pod’s references a moment late', async () => {
    await using setup = await setUp();
    const no = status(403, 'Forbidden', 'no relationship found between node and this object');
    setup.api.on(get, no, no, json({ data: {} }));
    const reading = setup.cluster.objects.secret('ns', 's');
    await passSleeps(setup.time, 100, 200);
    expect(await reading).toEqual({ data: {} });
  });

  test('gives up after six answers of 403', async () => {
    await using setup = await setUp();
    setup.api.on(get, status(403, 'Forbidden', 'no relationship found'));
    await Promise.all([
      expect(setup.cluster.objects.secret('ns', 's')).rejects.toMatchObject({ code: 'Forbidden' }),
      passSleeps(setup.time, 100, 200, 400, 800, 1_000),
    ]);
    expect(setup.api.received(get)).toHaveLength(6);
  });

  test('rejects at once with NotFound for what does not exist', async () => {
    await using setup = await setUp();
    await expect(setup.cluster.objects.secret('ns', 's')).rejects.toMatchObject({ code: 'NotFound' });
  });
});
