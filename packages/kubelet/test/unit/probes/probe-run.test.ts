import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { V1Container, V1Probe } from '@kubernetes/client-node';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RunHealth } from '../../../src/containers/container-state.ts';
import { probeRun } from '../../../src/probes/probe-run.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';

/** Answers what it is told to, and counts. */
async function startTarget() {
  const target = { status: 200, location: '', asked: [] as string[], port: 0 };
  const server = createServer((request, response) => {
    target.asked.push(`${request.method} ${request.url} ${request.headers['user-agent']}`);
    response.writeHead(target.status, target.location === '' ? {} : { location: target.location });
    response.end('a secret');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  target.port = (server.address() as AddressInfo).port;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return target;
}

type Probes = Partial<Record<'startupProbe' | 'readinessProbe' | 'livenessProbe', V1Probe>>;

function probing(probes: Probes, port: number) {
  const time = virtualClock();
  const [ending, stopping] = [new AbortController(), new AbortController()];
  const container: V1Container = { name: 'c', ports: [{ name: 'web', containerPort: port }], ...probes };
  const changes: RunHealth[] = [];
  const events: string[] = [];
  const graces: (number | undefined)[] = [];
  const changed = Promise.withResolvers<void>();
  const first = probeRun({
    container,
    host: '127.0.0.1',
    clock: time.clock,
    ended: ending.signal,
    stopping: stopping.signal,
    onHealth(health) {
      changes.push(health);
      changed.resolve();
    },
    onDead: (graceMs) => graces.push(graceMs),
    tell: (type, reason, message) => events.push(`${type} ${reason} ${message}`),
  });
  onTestFinished(() => ending.abort());
  /** Lets the attempt that is under way come to its end. */
  const attempted = async (): Promise<void> => {
    while (time.sleeping === 0) await new Promise((resolve) => setImmediate(resolve));
  };
  return { time, first, changes, events, graces, stopping, ending, attempted };
}

const httpGet = { path: '/ready', port: 'web' };

describe('a readiness probe', () => {
  test('makes a run ready when it succeeds, and not ready after so many failures', async () => {
    const target = await startTarget();
    const { first, changes, events, time, attempted } = probing(
      { readinessProbe: { httpGet, periodSeconds: 5, failureThreshold: 2 } },
      target.port,
    );
    expect(first).toEqual({ started: true, ready: false });
    await attempted();
    expect(changes).toEqual([{ started: true, ready: true }]);
    expect(target.asked[0]).toMatch(/^GET \/ready kube-probe\/1\.\d+$/);
    target.status = 503;
    for (const ready of [true, false]) {
      await time.advance(5000);
      await attempted();
      expect(changes.at(-1)).toEqual({ started: true, ready });
    }
    expect(events).toEqual(
      Array(2).fill('Warning Unhealthy Readiness probe failed: HTTP probe failed with statuscode: 503'),
    );
  });

  test('waits before its first attempt', async () => {
    const target = await startTarget();
    const { time, attempted } = probing(
      { readinessProbe: { httpGet, initialDelaySeconds: 30 } },
      target.port,
    );
    await time.advance(29_999);
    expect(target.asked).toEqual([]);
    await time.advance(1);
    await attempted();
    expect(target.asked).toHaveLength(1);
  });

  test('follows a redirect to the same host, and takes one to another for an answer', async () => {
    const target = await startTarget();
    target.status = 302;
    target.location = 'http://192.0.2.1/';
    const away = probing({ readinessProbe: { httpGet } }, target.port);
    await away.attempted();
    expect(away.changes).toEqual([{ started: true, ready: true }]);
    target.location = '/again';
    const around = probing({ readinessProbe: { httpGet } }, target.port);
    await around.attempted();
    expect(around.changes).toEqual([]);
    expect(around.events[0]).toContain('stopped after 10 redirects');
  });
});

describe('a liveness probe', () => {
  test('ends a run that fails it, once, within its own grace', async () => {
    const target = await startTarget();
    target.status = 500;
    const { time, events, graces, attempted } = probing(
      { livenessProbe: { httpGet, periodSeconds: 1, failureThreshold: 2, terminationGracePeriodSeconds: 7 } },
      target.port,
    );
    await attempted();
    expect(graces).toEqual([]);
    await time.advance(1000);
    while (graces.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await time.advance(60_000);
    expect(graces).toEqual([7000]);
    expect(events.at(-1)).toBe('Normal Killing Container c failed liveness probe, will be restarted');
    expect(target.asked).toHaveLength(2);
  });

  test('is not done any more for a run that is to end', async () => {
    const target = await startTarget();
    const { time, stopping, attempted } = probing({ livenessProbe: { httpGet } }, target.port);
    await attempted();
    stopping.abort();
    await time.advance(60_000);
    expect(target.asked).toHaveLength(1);
  });

  test('by TCP tells that nobody listens', async () => {
    const { events, attempted } = probing({ livenessProbe: { tcpSocket: { port: 1 } } }, 1);
    await attempted();
    expect(events[0]).toMatch(
      /^Warning Unhealthy Liveness probe failed: dial tcp 127\.0\.0\.1:1: .*ECONNREFUSED/,
    );
  });
});

test('a startup probe comes before the others', async () => {
  const target = await startTarget();
  target.status = 404;
  const startupProbe = { httpGet: { path: 'start', port: 'web' }, periodSeconds: 1 };
  const { first, changes, time, attempted } = probing(
    { startupProbe, readinessProbe: { httpGet } },
    target.port,
  );
  expect(first).toEqual({ started: false, ready: false });
  await attempted();
  expect(changes).toEqual([]);
  target.status = 200;
  await time.advance(1000);
  while (changes.length < 2) await new Promise((resolve) => setImmediate(resolve));
  expect(changes).toEqual([
    { started: true, ready: false },
    { started: true, ready: true },
  ]);
  expect(target.asked.map((line) => line.split(' ')[1])).toEqual(['/start', '/start', '/ready']);
});
