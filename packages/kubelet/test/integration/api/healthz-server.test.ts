import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHealthzServer, type HealthzServer } from '../../../src/api/healthz-server.ts';
import type { Health } from '../../../src/provider.ts';

let server: HealthzServer;
let health: Health;

beforeEach(async () => {
  health = { healthy: true };
  server = await createHealthzServer({ port: 0, healthChecks: [{ name: 'runtime', check: () => health }] });
});
afterEach(() => server.close());

async function ask(path: string, method = 'GET'): Promise<{ status: number; body: string }> {
  const response = await fetch(`http://${server.address}:${server.port}${path}`, {
    method,
    headers: { connection: 'close' },
  });
  return { status: response.status, body: await response.text() };
}

test('listens on loopback', () => {
  expect(server.address).toBe('127.0.0.1');
});

test('answers whoever asks', async () => {
  expect(await ask('/healthz')).toEqual({ status: 200, body: 'ok' });
  expect(await ask('/healthz/runtime')).toEqual({ status: 200, body: 'ok' });
  expect(await ask('/healthz?verbose')).toMatchObject({ body: expect.stringContaining('[+]runtime ok') });
  expect(await ask('/healthz', 'HEAD')).toEqual({ status: 200, body: '' });
});

test('tells what is not healthy', async () => {
  health = { healthy: false, message: 'no memory' };
  expect(await ask('/healthz')).toMatchObject({ status: 500 });
  expect(await ask('/healthz/ping')).toEqual({ status: 200, body: 'ok' });
});

test('has nothing else', async () => {
  for (const path of ['/', '/pods', '/containerLogs/a/b/c', '/healthz/other', '/healthz/ping/more']) {
    expect(await ask(path)).toMatchObject({ status: 404 });
  }
  expect(await ask('/healthz', 'POST')).toMatchObject({ status: 405 });
});

test('closes once', async () => {
  await Promise.all([server.close(), server.close()]);
  await expect(ask('/healthz')).rejects.toThrow('fetch failed');
});
