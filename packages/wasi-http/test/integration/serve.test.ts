import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { serveComponent, type RequestRecord } from '../../src/serve.ts';
import { rawClient } from '../fixtures/raw-client.ts';
import { send } from '../fixtures/send.ts';
import { serverGuest } from '../fixtures/server-guest.ts';
import { untilRefused } from '../fixtures/until-refused.ts';

const guest = await serverGuest();

describe.each(['suspend', 'sync'] as const)('a component that waits by %s', (waiting) => {
  test('answers a request', async () => {
    await using served = await serveComponent(guest, { waiting });
    const answer = await send(served.address.port, '/hello');
    expect(answer).toMatchObject({ status: 200, text: 'Hello World\n', complete: true });
    expect(answer.headers['content-length']).toBe('12');
  });

  test('sends a body back', async () => {
    await using served = await serveComponent(guest, { waiting });
    const body = randomBytes(3_000_000);
    const answer = await send(served.address.port, '/echo', { method: 'POST', body });
    expect(answer.complete).toBe(true);
    expect(answer.body.equals(body)).toBe(true);
  });

  test('sends trailers', async () => {
    await using served = await serveComponent(guest, { waiting });
    const answer = await send(served.address.port, '/trailers');
    expect(answer).toMatchObject({ text: 'Hello World\n', trailers: { 'x-check': 'fine' }, complete: true });
  });

  test('answers without body where there is none', async () => {
    await using served = await serveComponent(guest, { waiting });
    const empty = await send(served.address.port, '/empty');
    expect(empty).toMatchObject({ status: 204, text: '', complete: true });
    expect(empty.headers).not.toHaveProperty('content-length');
    const head = await send(served.address.port, '/right', { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, text: '', complete: true });
    expect(head.headers['content-length']).toBe('5');
  });

  test('holds its body to the length that it has said', async () => {
    await using served = await serveComponent(guest, { waiting });
    await expect(send(served.address.port, '/right')).resolves.toMatchObject({ status: 200, text: 'Hello' });
    await expect(send(served.address.port, '/short')).resolves.toMatchObject({ status: 500 });
    await expect(send(served.address.port, '/long')).resolves.toMatchObject({ status: 500 });
  });

  test('traps before, in and after its response', async () => {
    const records: RequestRecord[] = [];
    await using served = await serveComponent(guest, {
      waiting,
      onRequest: (record) => records.push(record),
    });
    const { port } = served.address;
    await expect(send(port, '/trap-before')).resolves.toMatchObject({ status: 500, complete: true });
    await expect(send(port, '/trap-early')).resolves.toMatchObject({ status: 500, complete: true });
    await expect(send(port, '/trap-in')).resolves.toMatchObject({ status: 200, complete: false });
    await expect(send(port, '/trap-after')).resolves.toMatchObject({ status: 200, complete: true });
    expect(records.map(({ ending }) => ending)).toEqual(['trapped', 'trapped', 'trapped', 'trapped']);
    expect(served.stats()).toMatchObject({ traps: 4, requests: 4, active: 0 });
    await expect(send(port, '/hello')).resolves.toMatchObject({ status: 200 });
  });

  test('answers with no response, half of one, or an error', async () => {
    await using served = await serveComponent(guest, { waiting });
    const { port } = served.address;
    await expect(send(port, '/none')).resolves.toMatchObject({ status: 502, complete: true });
    await expect(send(port, '/unfinished')).resolves.toMatchObject({ status: 200, complete: false });
    await expect(send(port, '/denied')).resolves.toMatchObject({
      status: 403,
      text: 'HTTP-request-denied\n',
    });
  });

  test('starts anew for each request, or as often as it is told', async () => {
    for (const [reuse, seen] of [
      [1, '11111 5'],
      [3, '12312 2'],
    ] as const) {
      await using served = await serveComponent(guest, { waiting, reuse });
      const texts: string[] = [];
      for (let count = 0; count < 5; count += 1) texts.push((await send(served.address.port, '/uses')).text);
      expect(`${texts.join('')} ${served.stats().instances}`).toBe(seen);
    }
  });

  test('keeps a connection, and answers requests that are sent at once in their order', async () => {
    await using served = await serveComponent(guest, { waiting });
    await using client = await rawClient(served.address.port);
    const paths = ['/hello', '/none', '/empty', '/right'];
    client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`).join(''));
    const answers = await client.until('200 OK', 'Hello World\n', '502', '204', '200 OK', '\r\n\r\nHello');
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(
      ['200', '502', '204', '200'].map((code) => `HTTP/1.1 ${code}`),
    );
  });
});

test('what a guest answers arrives where the trailers that it announces cannot follow', async () => {
  // "trailer: x-check"
  const announcing = await serverGuest({
    '/announces': `
      (i64.store (i32.const 256) (i64.const 0x0072656c69617274))
      (local.set $n (call $fields))
      (call $append (local.get $n) (i32.const 256) (i32.const 7) (i32.const 32) (i32.const 7) (i32.const 1024))
      (local.set $body (call $begin-with (local.get $out) (i32.const 200) (local.get $n)))
      (local.set $os (call $stream (local.get $body)))
      (call $say (local.get $os) (i32.const 0) (i32.const 12))
      (call $end (local.get $os) (local.get $body))`,
  });
  await using served = await serveComponent(announcing);
  const { port } = served.address;
  await expect(send(port, '/announces')).resolves.toMatchObject({ status: 200, text: 'Hello World\n' });
  await expect(send(port, '/announces', { method: 'HEAD' })).resolves.toMatchObject({ status: 200 });
  await using client = await rawClient(port);
  client.send('GET /announces HTTP/1.0\r\nhost: a\r\n\r\n');
  await expect(client.all()).resolves.toMatch(/^HTTP\/1\.1 200 [^]*Hello World\n$/);
});

test('streams: a guest is given what has come, and its answer leaves, while the client still sends', async () => {
  await using served = await serveComponent(guest);
  const sent = request({ port: served.address.port, path: '/echo', method: 'POST' });
  sent.write('one');
  const [response] = await once(sent, 'response');
  await expect(once(response, 'data')).resolves.toEqual([Buffer.from('one')]);
  sent.write('two');
  await expect(once(response, 'data')).resolves.toEqual([Buffer.from('two')]);
  sent.end();
  await once(response.resume(), 'end');
});

test('waits for a client that does not read', async () => {
  await using served = await serveComponent(guest);
  await using client = await rawClient(served.address.port);
  client.socket.pause();
  client.send('GET /big HTTP/1.1\r\nhost: a\r\n\r\n');
  const before = process.memoryUsage();
  let [seen, still] = [-1, 0];
  // Kernel buffers fill; then nothing moves any more.
  while (still < 50) {
    await turn();
    still = client.socket.bytesRead === seen ? still + 1 : 0;
    seen = client.socket.bytesRead;
  }
  expect(served.stats().active).toBe(1);
  const { arrayBuffers, external } = process.memoryUsage();
  expect(arrayBuffers + external - before.arrayBuffers - before.external).toBeLessThan(32 * 1024 * 1024);
});

test('what a guest does ends when its client goes', async () => {
  const { promise, resolve } = Promise.withResolvers<RequestRecord>();
  await using served = await serveComponent(guest, { onRequest: resolve });
  {
    await using client = await rawClient(served.address.port);
    client.send('GET /stall HTTP/1.1\r\nhost: a\r\n\r\n');
    await client.until('Hello World');
  }
  await expect(promise).resolves.toMatchObject({ ending: 'gone', status: undefined });
  expect(served.stats()).toMatchObject({ active: 0, gone: 1 });
});

test('stops: no more connections, and what runs is answered', async () => {
  await using served = await serveComponent(guest);
  await using client = await rawClient(served.address.port);
  client.send('POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\nabc');
  await client.until('200 OK', 'abc');
  const stopped = served.stop();
  await untilRefused(served.address.port);
  client.send('def');
  await expect(client.all()).resolves.toMatch(/abc[^]*def/);
  await stopped;
});
