import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createHandler, type RequestRecord, serveComponent } from '../../src/serve.ts';
import { http2Client } from '../fixtures/http2-client.ts';
import { rawClient } from '../fixtures/raw-client.ts';
import { send } from '../fixtures/send.ts';
import { serverGuest } from '../fixtures/server-guest.ts';
import { untilRefused } from '../fixtures/until-refused.ts';

const guest = await serverGuest();
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const noError = 0;
const internalError = 2;

describe.each(['suspend', 'sync'] as const)('over HTTP/2, a component that waits by %s', (waiting) => {
  test('answers requests, many on one connection, beside those of HTTP/1.1', async () => {
    await using served = await serveComponent(guest, { waiting });
    const { port } = served.address;
    await using client = await http2Client(port);
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.send('/hello')));
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 200, text: 'Hello World\n', code: noError });
      expect(answer.headers['content-length']).toBe('12');
    }
    await expect(send(port, '/hello')).resolves.toMatchObject({ status: 200, text: 'Hello World\n' });
    expect(served.stats()).toMatchObject({ requests: 51, active: 0 });
  });

  test('sends a body back', async () => {
    await using served = await serveComponent(guest, { waiting });
    await using client = await http2Client(served.address.port);
    const body = randomBytes(3_000_000);
    const answer = await client.send('/echo', { ':method': 'POST' }, body);
    expect(answer).toMatchObject({ status: 200, code: noError });
    expect(answer.body.equals(body)).toBe(true);
  });

  test('sends trailers', async () => {
    await using served = await serveComponent(guest, { waiting });
    await using client = await http2Client(served.address.port);
    await expect(client.send('/trailers')).resolves.toMatchObject({
      text: 'Hello World\n',
      trailers: { 'x-check': 'fine' },
      code: noError,
    });
  });

  test('answers without body where there is none', async () => {
    await using served = await serveComponent(guest, { waiting });
    await using client = await http2Client(served.address.port);
    await expect(client.send('/empty')).resolves.toMatchObject({ status: 204, text: '', code: noError });
    const head = await client.send('/right', { ':method': 'HEAD' });
    expect(head).toMatchObject({ status: 200, text: '', code: noError });
    expect(head.headers['content-length']).toBe('5');
    await expect(client.send('/trap-before', { ':method': 'HEAD' })).resolves.toMatchObject({
      status: 500,
      text: '',
    });
  });

  test('traps, gives no response or half of one, and answers the others', async () => {
    const records: RequestRecord[] = [];
    await using served = await serveComponent(guest, {
      waiting,
      onRequest: (record) => records.push(record),
    });
    await using client = await http2Client(served.address.port);
    await expect(client.send('/trap-before')).resolves.toMatchObject({ status: 500, code: noError });
    await expect(client.send('/trap-in')).resolves.toMatchObject({ status: 200, code: internalError });
    await expect(client.send('/none')).resolves.toMatchObject({ status: 502, code: noError });
    await expect(client.send('/unfinished')).resolves.toMatchObject({ status: 200, code: internalError });
    await expect(client.send('/hello')).resolves.toMatchObject({ status: 200 });
    expect(records.map(({ ending }) => ending)).toEqual([
      'trapped',
      'trapped',
      'broken-off',
      'broken-off',
      'answered',
    ]);
  });
});

test('a guest is given what has come, and its answer leaves, while the client still sends', async () => {
  await using served = await serveComponent(guest);
  await using client = await http2Client(served.address.port);
  const stream = client.session.request({ ':path': '/echo', ':method': 'POST' });
  stream.write('one');
  await once(stream, 'response');
  await expect(once(stream, 'data')).resolves.toEqual([Buffer.from('one')]);
  stream.write('two');
  await expect(once(stream, 'data')).resolves.toEqual([Buffer.from('two')]);
  stream.end();
  await once(stream.resume(), 'close');
});

test('a client that waits before it sends is asked to go on', async () => {
  await using served = await serveComponent(guest);
  await using client = await http2Client(served.address.port);
  const stream = client.session.request({ ':path': '/echo', ':method': 'POST', expect: '100-continue' });
  await once(stream, 'continue');
  stream.end('body');
  await expect(once(stream, 'data')).resolves.toEqual([Buffer.from('body')]);
  await once(stream.resume(), 'close');
});

test('a client that does not read is waited for', async () => {
  await using served = await serveComponent(guest);
  await using client = await http2Client(served.address.port);
  const stream = client.session.request({ ':path': '/big' });
  await once(stream, 'response');
  const before = process.memoryUsage();
  let [seen, still] = [-1, 0];
  while (still < 50) {
    await turn();
    const { bytesRead } = client.session.socket;
    still = bytesRead === seen ? still + 1 : 0;
    seen = bytesRead;
  }
  expect(served.stats().active).toBe(1);
  const { arrayBuffers, external } = process.memoryUsage();
  expect(arrayBuffers + external - before.arrayBuffers - before.external).toBeLessThan(32 * 1024 * 1024);
});

test('what a guest does ends when its client takes the request back, or goes', async () => {
  const endings: string[] = [];
  const second = Promise.withResolvers<void>();
  await using served = await serveComponent(guest, {
    onRequest({ ending }) {
      if (endings.push(ending) === 2) second.resolve();
    },
  });
  await using client = await http2Client(served.address.port);
  const given = client.session.request({ ':path': '/stall' });
  await once(given, 'data');
  given.close(8);
  await once(given, 'close');
  const lost = client.session.request({ ':path': '/stall' });
  await once(lost, 'data');
  client.session.destroy();
  await second.promise;
  expect(endings).toEqual(['gone', 'gone']);
  expect(served.stats()).toMatchObject({ active: 0, gone: 2 });
});

test('what is too large, or two things at once, is refused', async () => {
  await using served = await serveComponent(guest, {
    limits: { maxUrlBytes: 100, maxHeaderBytes: 500, maxBodyBytes: 1_000 },
  });
  await using client = await http2Client(served.address.port);
  await expect(client.send(`/${'a'.repeat(100)}`)).resolves.toMatchObject({ status: 414 });
  await expect(client.send('/hello', { 'x-long': 'a'.repeat(600) })).resolves.toMatchObject({ status: 431 });
  const large = { ':method': 'POST', 'content-length': 1_001 };
  await expect(client.send('/echo', large, 'a'.repeat(1_001))).resolves.toMatchObject({ status: 413 });
  await expect(client.send('/hello', { ':authority': 'a', host: 'b' })).resolves.toMatchObject({
    status: 400,
  });
  const connecting = client.session.request({ ':method': 'CONNECT', ':authority': 'a:1' });
  const [refused] = await once(connecting, 'response');
  expect(refused).toMatchObject({ ':status': 400 });
  connecting.close();
  await expect(client.send('/hello', { 'x-huge': 'a'.repeat(50_000) })).resolves.toMatchObject({
    status: expect.not.stringMatching('200') as unknown,
  });
  await using another = await http2Client(served.address.port);
  await expect(another.send('/hello')).resolves.toMatchObject({ status: 200 });
});

test('a body that is too large while it comes is refused, and the connection goes on', async () => {
  await using served = await serveComponent(guest, { limits: { maxBodyBytes: 200_000 } });
  await using client = await http2Client(served.address.port);
  const { code, status } = await client.send('/count', { ':method': 'POST' }, randomBytes(1_000_000));
  expect({ code, status }).toEqual({ code: noError, status: 413 });
  await expect(client.send('/hello')).resolves.toMatchObject({ status: 200 });
});

test('a client that takes back one request after the other is cut off, and others are answered', async () => {
  await using served = await serveComponent(guest);
  await using hostile = await http2Client(served.address.port);
  await using client = await http2Client(served.address.port);
  const cut = once(hostile.session, 'goaway');
  for (let count = 0; count < 3_000 && !hostile.session.closed; count += 1) {
    const stream = hostile.session.request({ ':path': '/stall' });
    stream.on('error', () => {});
    stream.close(8);
    if (count % 50 === 0) await turn();
  }
  await cut;
  await expect(client.send('/hello')).resolves.toMatchObject({ status: 200 });
  expect(served.stats().active).toBe(0);
});

test('a stop lets what runs end, answers what comes before clients have heard of it, and leaves nothing', async () => {
  await using served = await serveComponent(guest);
  const { port } = served.address;
  await using client = await http2Client(port);
  await using idle = await http2Client(port);
  const running = client.session.request({ ':path': '/echo', ':method': 'POST' });
  running.write('abc');
  await once(running, 'data');
  const told = once(client.session, 'goaway');
  const idleClosed = once(idle.session, 'close');
  const stopped = served.stop();
  await untilRefused(port);
  await told;
  running.end('def');
  await expect(once(running, 'data')).resolves.toEqual([Buffer.from('def')]);
  await stopped;
  await idleClosed;
});

test('a stop cuts what has not ended in time', async () => {
  await using served = await serveComponent(guest);
  await using client = await http2Client(served.address.port);
  const stream = client.session.request({ ':path': '/stall' });
  stream.on('error', () => {});
  await once(stream, 'data');
  await served.stop({ graceMs: 50 });
  expect(served.stats()).toMatchObject({ active: 0, gone: 1 });
});

describe('a connection', () => {
  test('is of HTTP/2 however its first bytes come', async () => {
    await using served = await serveComponent(guest);
    await using client = await rawClient(served.address.port);
    for (const byte of preface) {
      client.send(byte);
      await turn();
    }
    client.send(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]).toString('latin1')); // SETTINGS
    await expect(client.until('\u0004')).resolves.not.toContain('HTTP/1.1');
  });

  test('is of HTTP/1.1 also when it begins as one of HTTP/2 and goes on otherwise', async () => {
    await using served = await serveComponent(guest);
    await using client = await rawClient(served.address.port);
    client.send('PRI * HT');
    await turn();
    client.send('XX\r\n\r\n');
    await expect(client.all()).resolves.toMatch(/^HTTP\/1\.1 400 /);
  });

  test('ends that sends nothing, too little, or what is no frame', async () => {
    await using served = await serveComponent(guest, { headersMs: 100 });
    await using silent = await rawClient(served.address.port);
    await using slow = await rawClient(served.address.port);
    await using broken = await rawClient(served.address.port);
    slow.send('PRI');
    broken.send(`${preface}${'garbage'.repeat(20)}`);
    await Promise.all([silent.all(), slow.all(), broken.all()]);
    await expect(send(served.address.port, '/hello')).resolves.toMatchObject({ status: 200 });
  });

  test('on which nothing moves is closed', async () => {
    await using served = await serveComponent(guest, { keepAliveMs: 100 });
    await using client = await http2Client(served.address.port);
    await expect(client.send('/hello')).resolves.toMatchObject({ status: 200 });
    await once(client.session, 'close');
  });
});

test('a handler answers the streams of a server of the application', async () => {
  await using handler = createHandler(guest);
  const server = createServer();
  server.on('stream', handler.stream);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  {
    await using client = await http2Client((server.address() as AddressInfo).port);
    await expect(client.send('/hello')).resolves.toMatchObject({ text: 'Hello World\n' });
  }
  server.close();
  await once(server, 'close');
});
