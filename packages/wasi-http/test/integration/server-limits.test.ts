import { describe, expect, test } from 'vitest';
import { HandlerError, type HandlerLimits, serveComponent } from '../../src/serve.ts';
import { rawClient } from '../fixtures/raw-client.ts';
import { send } from '../fixtures/send.ts';
import { serverGuest } from '../fixtures/server-guest.ts';

const guest = await serverGuest();
const withLimits = (limits: Partial<HandlerLimits>, waiting: 'sync' | 'suspend' = 'suspend') =>
  serveComponent(guest, { limits, waiting });

test('a URL that is too long is 414', async () => {
  await using served = await withLimits({ maxUrlBytes: 100 });
  await expect(send(served.address.port, `/${'a'.repeat(100)}`)).resolves.toMatchObject({ status: 414 });
  await expect(send(served.address.port, `/hello`)).resolves.toMatchObject({ status: 200 });
});

test('headers that are too large are 431, also far more of them', async () => {
  await using served = await withLimits({ maxHeaderBytes: 1_000 });
  const { port } = served.address;
  await expect(send(port, '/hello', { headers: { a: 'b'.repeat(1_000) } })).resolves.toMatchObject({
    status: 431,
  });
  await using client = await rawClient(port);
  client.send('GET /hello HTTP/1.1\r\nhost: a\r\n');
  client.send(`${'x: y\r\n'.repeat(10_000)}\r\n`);
  await expect(client.all()).resolves.toMatch(/^HTTP\/1\.1 431 /);
  expect(served.stats().instances).toBe(0);
});

const ways = ['suspend', 'sync'] as const;

test.each(ways)(
  'a body that is too large is 413, whether its length is known or not (%s)',
  async (waiting) => {
    await using served = await withLimits({ maxBodyBytes: 1_000 }, waiting);
    const { port } = served.address;
    const body = Buffer.alloc(1_001);
    await expect(send(port, '/count', { method: 'POST', body })).resolves.toMatchObject({ status: 413 });
    expect(served.stats().instances).toBe(0);
    const headers = { 'transfer-encoding': 'chunked' };
    await expect(send(port, '/count', { method: 'POST', body, headers })).resolves.toMatchObject({
      status: 413,
    });
    const fits = await send(port, '/count', { method: 'POST', body: body.subarray(1), headers });
    expect(fits.body.readUInt32LE()).toBe(1_000);
  },
);

test('more requests at once than may be are 503, with a time to come again', async () => {
  await using served = await withLimits({ maxConcurrent: 1 });
  const { port } = served.address;
  await using client = await rawClient(port);
  client.send('POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nab');
  await client.until('ab');
  const refused = await send(port, '/hello');
  expect(refused.status).toBe(503);
  expect(refused.headers['retry-after']).toBe('1');
  client.send('cd');
  await client.until('cd');
  await expect(send(port, '/hello')).resolves.toMatchObject({ status: 200 });
  expect(served.stats().refused).toBe(1);
});

describe('a request that takes too long', () => {
  test('is 504 if nothing has been answered', async () => {
    await using served = await withLimits({ requestMs: 50 });
    await expect(send(served.address.port, '/sleep')).resolves.toMatchObject({ status: 504, complete: true });
    expect(served.stats()).toMatchObject({ timedOut: 1 });
  });

  test('is cut off if something has', async () => {
    await using served = await withLimits({ requestMs: 300 });
    await expect(send(served.address.port, '/stall')).resolves.toMatchObject({
      status: 200,
      complete: false,
    });
  });
});

test.each(ways)('a client that sends nothing more of its body is given up (%s)', async (waiting) => {
  await using served = await withLimits({ clientIdleMs: 50 }, waiting);
  await using client = await rawClient(served.address.port);
  client.send('POST /count HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nab');
  await expect(client.until('HTTP/1.1 ')).resolves.toMatch(/ 408 /);
});

test('a client that takes nothing more of its response is given up', async () => {
  await using served = await withLimits({ clientIdleMs: 50 });
  await using client = await rawClient(served.address.port);
  client.socket.pause();
  client.send('GET /big HTTP/1.1\r\nhost: a\r\n\r\n');
  while (served.stats().requests === 0) await new Promise(setImmediate);
  expect(served.stats().active).toBe(0);
});

test('a client that does not finish its headers is given up', async () => {
  await using served = await serveComponent(guest, { headersMs: 100 });
  await using client = await rawClient(served.address.port);
  client.send('GET /hello HTTP/1.1\r\nhost: a\r\nx-');
  await expect(client.all()).resolves.toMatch(/^HTTP\/1\.1 408 /);
});

test.each([
  ['maxConcurrent', 0],
  ['requestMs', -1],
  ['maxUrlBytes', 1.5],
  ['clientIdleMs', Number.NaN],
] as const)('a limit %s of %s is refused', async (name, value) => {
  await expect(serveComponent(guest, { limits: { [name]: value } })).rejects.toThrow(HandlerError);
});
