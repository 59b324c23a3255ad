import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Health } from '../../../src/provider.ts';
import { virtualClock } from '../../../src/testing.ts';
import { eventually } from '../../fixtures/eventually.ts';
import { type KubeletApi, podSnapshot, startKubeletApi } from './kubelet-api.ts';

let api: KubeletApi;
let health: () => Health | Promise<Health>;
const time = virtualClock(new Date());

beforeEach(async () => {
  health = () => ({ healthy: true });
  const healthChecks = [{ name: 'runtime', check: () => health() }];
  api = await startKubeletApi({ healthChecks, clock: time.clock });
});
afterEach(() => api[Symbol.asyncDispose]());

describe('/pods', () => {
  test('lists the pods with their status', async () => {
    api.pods.push(podSnapshot('a'), podSnapshot('b'));
    const { status, body, headers } = await api.ask('/pods');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(body)).toEqual({
      kind: 'PodList',
      apiVersion: 'v1',
      metadata: {},
      items: [api.pods[0]?.pod, api.pods[1]?.pod],
    });
  });

  test('is an empty list on an empty node', async () => {
    expect(JSON.parse((await api.ask('/pods/')).body)).toMatchObject({ items: [] });
  });
});

test('/runningpods/ lists what runs', async () => {
  api.pods.push(podSnapshot('up'), podSnapshot('down', { state: 'terminated' }));
  expect(JSON.parse((await api.ask('/runningpods/')).body)).toMatchObject({
    kind: 'PodList',
    items: [
      {
        metadata: { namespace: 'default', name: 'up', uid: 'uid-of-up' },
        spec: { containers: [{ name: 'main', image: 'registry/main:v1' }] },
      },
    ],
  });
});

describe('/healthz', () => {
  test('is ok', async () => {
    expect(await api.ask('/healthz')).toMatchObject({ status: 200, body: 'ok' });
  });

  test('tells all checks when asked to', async () => {
    const body = '[+]ping ok\n[+]log ok\n[+]runtime ok\nhealthz check passed\n';
    expect(await api.ask('/healthz?verbose')).toMatchObject({ status: 200, body });
  });

  test('tells which check failed, but not why', async () => {
    health = () => ({ healthy: false, message: 'no memory' });
    expect(await api.ask('/healthz')).toMatchObject({
      status: 500,
      body: '[+]ping ok\n[+]log ok\n[-]runtime failed: reason withheld\nhealthz check failed\n',
    });
  });

  test('leaves out what it is told to', async () => {
    health = () => Promise.reject(new Error('broken'));
    const body =
      '[+]ping ok\n[+]log ok\n[+]runtime excluded: ok\n' +
      'warn: some health checks cannot be excluded: no matches for "x"\nhealthz check passed\n';
    expect(await api.ask('/healthz?verbose&exclude=runtime&exclude=x')).toMatchObject({ status: 200, body });
  });

  test('answers for one check, with its reason', async () => {
    expect(await api.ask('/healthz/ping')).toMatchObject({ status: 200, body: 'ok' });
    expect(await api.ask('/healthz/runtime')).toMatchObject({ status: 200, body: 'ok' });
    health = () => Promise.reject(new Error('broken'));
    const body = 'internal server error: broken\n';
    expect(await api.ask('/healthz/runtime')).toMatchObject({ status: 500, body });
    expect(await api.ask('/healthz/other')).toMatchObject({ status: 404 });
  });

  test('does not wait forever for a check', async () => {
    health = () => new Promise(() => undefined);
    const answer = api.ask('/healthz/runtime');
    await eventually(() => time.sleeping > 0);
    await time.advance(10_000);
    expect(await answer).toMatchObject({
      status: 500,
      body: 'internal server error: no answer within 10 s\n',
    });
  });

  test('answers HEAD without a body', async () => {
    expect(await api.ask('/healthz', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
  });
});

describe('what this node cannot do yet', () => {
  test.each([
    ['POST', '/exec/default/web/main?command=ls&output=1', 'kubectl exec'],
    ['GET', '/exec/default/web/uid/main', 'kubectl exec'],
    ['POST', '/attach/default/web/main', 'kubectl attach'],
    ['POST', '/portForward/default/web', 'kubectl port-forward'],
    ['POST', '/run/default/web/main?cmd=ls', 'kubectl exec'],
  ])('%s %s is 501 and says so', async (method, path, what) => {
    const { status, body } = await api.ask(path, { method });
    expect(status).toBe(501);
    expect(body).toContain(what);
  });

  test('is 501 also when the client wants to change protocols', async () => {
    const headers = { connection: 'Upgrade', upgrade: 'SPDY/3.1' };
    const { status } = await api.ask('/exec/default/web/main', { method: 'POST', headers });
    expect(status).toBe(501);
  });
});

describe('what there is not', () => {
  test.each([
    ['/', 404],
    ['/nothing', 404],
    ['/metrics', 404],
    ['/stats/summary', 404],
    ['/configz', 404],
    ['/pods/default', 404],
    ['/pods/../pods', 404],
    ['/healthz/../pods', 404],
    ['/%2e%2e/pods', 404],
    ['/healthz%2f..%2fpods', 404],
    ['//pods', 404],
    ['/pods%00', 404],
    ['/%', 404],
    ['/exec/default/web', 404],
    ['/logs/', 405],
    ['/logs/syslog', 405],
    ['/debug/pprof/profile', 405],
  ])('%s is %i', async (path, status) => {
    expect((await api.ask(path)).status).toBe(status);
  });

  test.each([
    ['/pods', 'PUT', 'GET'],
    ['/pods', 'HEAD', 'GET'],
    ['/containerLogs/default/web/main', 'DELETE', 'GET'],
    ['/healthz', 'POST', 'GET, HEAD'],
    ['/run/default/web/main', 'GET', 'POST'],
    ['/exec/default/web/main', 'PUT', 'GET, POST'],
  ])('%s with %s is 405', async (path, method, allow) => {
    const answer = await api.ask(path, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe(allow);
  });
});

test('a handler that fails is 500, and the server lives on', async () => {
  Object.defineProperty(api.pods, 'map', { value: () => expect.fail('broken') });
  expect(await api.ask('/pods')).toMatchObject({ status: 500, body: 'Internal Server Error\n' });
  expect(await api.ask('/healthz')).toMatchObject({ status: 200 });
});

test('each request is logged for debugging, without its query', async () => {
  await api.ask('/pods?secret=1');
  expect(api.logged).toEqual([
    {
      level: 'debug',
      message: 'request',
      fields: { method: 'GET', path: '/pods', status: 200, user: 'admin', durationMs: expect.any(Number) },
    },
  ]);
});
