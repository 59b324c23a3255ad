import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveComponent, type ServedComponent } from '../../src/serve.ts';
import { rawClient } from '../fixtures/raw-client.ts';
import { send } from '../fixtures/send.ts';
import { serverGuest } from '../fixtures/server-guest.ts';

let served: ServedComponent;
let port: number;

beforeAll(async () => {
  served = await serveComponent(await serverGuest());
  ({ port } = served.address);
});
afterAll(() => served[Symbol.asyncDispose]());

/** Bytes that differ everywhere, so that none can be lost, doubled or moved unseen. */
function bytesOf(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0, state = size; at < size; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const framings = {
  'a length': (body: Buffer) => ({ headers: { 'content-length': body.length }, pieces: [body] }),
  'one chunk': (body: Buffer) => ({ headers: { 'transfer-encoding': 'chunked' }, pieces: [body] }),
  'chunks of 1,000 bytes': (body: Buffer) => ({
    headers: { 'transfer-encoding': 'chunked' },
    pieces: Array.from({ length: Math.ceil(body.length / 1_000) }, (_, index) =>
      body.subarray(index * 1_000, (index + 1) * 1_000),
    ),
  }),
};

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];
const sizes = [0, 1, 4_095, 4_096, 4_097, 65_535, 65_536, 65_537, 1_000_003];

describe.each(Object.entries(framings))('a body with %s comes back as it was', (_name, framing) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  afterAll(() => agent.destroy());

  test.each(methods.flatMap((method) => sizes.map((size) => [method, size] as const)))(
    '%s of %d bytes',
    async (method, size) => {
      const body = bytesOf(size);
      const { headers, pieces } = framing(body);
      const sent = request({ port, path: '/echo', method, agent, headers });
      for (const piece of pieces) sent.write(piece);
      sent.end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      const received = Buffer.concat(await response.toArray());
      expect(response.statusCode).toBe(200);
      expect([received.length, digest(received)]).toEqual([size, digest(body)]);
    },
  );
});

test.each(['/hello', '/right', '/big', '/empty', '/nothing'])('HEAD %s has no body', async (path) => {
  await expect(send(port, path, { method: 'HEAD' })).resolves.toMatchObject({ text: '', complete: true });
});

describe('HTTP/1.0', () => {
  test('is answered without chunks, and the connection closed', async () => {
    await using client = await rawClient(port);
    client.send('GET /big HTTP/1.0\r\nhost: a\r\n\r\n');
    const answer = await client.all();
    expect(answer).not.toMatch(/transfer-encoding/i);
    expect(answer.length - answer.indexOf('\r\n\r\n') - 4).toBe(64 * 1024 * 1024);
  });

  test('keeps the connection when asked', async () => {
    await using client = await rawClient(port);
    client.send('GET /right HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\n\r\n');
    await client.until('\r\n\r\nHello');
    client.send('GET /right HTTP/1.0\r\nhost: a\r\n\r\n');
    await expect(client.all()).resolves.toMatch(/Hello[^]*\r\n\r\nHello$/);
  });

  test('a response that breaks off is reset: without length, its end would look like a whole one', async () => {
    const socket = connect(port, '127.0.0.1').resume();
    socket.write('GET /trap-in HTTP/1.0\r\nhost: a\r\n\r\n');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
  });
});

describe('expect: 100-continue', () => {
  const headers = 'host: a\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n';

  test('is answered when the guest takes the body', async () => {
    await using client = await rawClient(port);
    client.send(`POST /echo HTTP/1.1\r\n${headers}`);
    await client.until('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('abc');
    await expect(client.until('HTTP/1.1 200 OK', 'abc')).resolves.toMatch(/^HTTP\/1\.1 100/);
  });

  test('is not when it answers without', async () => {
    await using client = await rawClient(port);
    client.send(`POST /hello HTTP/1.1\r\n${headers}`);
    await expect(client.until('Hello World\n')).resolves.toMatch(/^HTTP\/1\.1 200 OK/);
  });
});

test('an answer comes before the request is complete, and the connection is of use afterwards', async () => {
  await using client = await rawClient(port);
  client.send('POST /hello HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\nabc');
  await client.until('Hello World\n');
  client.send('defGET /right HTTP/1.1\r\nhost: a\r\n\r\n');
  const answers = await client.until('Hello World\n', '\r\n\r\nHello');
  expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
});

test('a request that comes byte by byte is answered', async () => {
  await using client = await rawClient(port);
  client.socket.setNoDelay(true);
  for (const byte of 'POST /count HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n') {
    client.send(byte);
    await turn();
  }
  await expect(client.until('\r\n\r\n\u0003\0\0\0')).resolves.toMatch(/^HTTP\/1\.1 200 /);
});

describe('a client that goes', () => {
  const phases: Readonly<Record<string, { readonly sends: string; readonly until?: string }>> = {
    'before its first byte': { sends: '' },
    'in the middle of a line': { sends: 'GET /hel' },
    'in the middle of its headers': { sends: 'GET /hello HTTP/1.1\r\nhost: a\r\n' },
    'in the middle of its body, which nobody has answered': {
      sends: 'POST /count HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc',
    },
    'in the middle of its body, which comes back': {
      sends: 'POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc',
      until: 'abc',
    },
    'in the middle of a chunk': {
      sends: 'POST /count HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nff\r\nabc',
    },
    'while the guest works': { sends: 'GET /sleep HTTP/1.1\r\nhost: a\r\n\r\n' },
    'in the middle of the answer': { sends: 'GET /big HTTP/1.1\r\nhost: a\r\n\r\n', until: '200 OK' },
    'between two pieces of the answer': { sends: 'GET /stall HTTP/1.1\r\nhost: a\r\n\r\n', until: 'Hello' },
    'after the answer': { sends: 'GET /hello HTTP/1.1\r\nhost: a\r\n\r\n', until: 'Hello World\n' },
  };

  test.each(
    Object.entries(phases).flatMap(([phase, what]) =>
      (['closes', 'resets'] as const).map((way) => [phase, way, what] as const),
    ),
  )('%s (%s) leaves nothing behind', async (_phase, way, { sends, until }) => {
    await using client = await rawClient(port);
    if (sends !== '') client.send(sends);
    if (until !== undefined) await client.until(until);
    else await turn();
    if (way === 'resets') client.socket.resetAndDestroy();
    else client.socket.destroy();
    await client.all();
    while (served.stats().active > 0) await turn();
    await expect(send(port, '/hello')).resolves.toMatchObject({ status: 200 });
  });
});

test('a guest that traps in some requests answers the others, on the same connection', async () => {
  await using client = await rawClient(port);
  const paths = Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? '/trap-before' : '/right'));
  client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`).join(''));
  const answers = await client.until(
    ...paths.map((path) => (path === '/right' ? ' 200 ' : ' 500 ')),
    'Hello',
  );
  expect(answers.match(/HTTP\/1\.1 \d+/g)).toHaveLength(60);
});

test('a thousand idle connections cost little, and each is answered', async () => {
  const sockets: Socket[] = [];
  for (let count = 0; count < 1_000; count += 1) {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    sockets.push(socket);
  }
  const answers = sockets.map(async (socket) => {
    socket.write('GET /right HTTP/1.1\r\nhost: a\r\n\r\n');
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    return bytes.toString();
  });
  for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.1 (?:200|503) /);
  await Promise.all(
    sockets.map(async (socket) => {
      const closed = once(socket, 'close');
      socket.destroy();
      await closed;
    }),
  );
});

test('100 MB go through a guest in little memory', async () => {
  const body = bytesOf(1_000_000);
  const sent = request({ port, path: '/echo', method: 'POST' });
  const responded = once(sent, 'response') as Promise<[IncomingMessage]>;
  const before = process.memoryUsage().rss;
  const writing = (async () => {
    for (let count = 0; count < 100; count += 1) if (!sent.write(body)) await once(sent, 'drain');
    sent.end();
  })();
  const [response] = await responded;
  const hash = createHash('sha256');
  let received = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    hash.update(piece);
    received += piece.length;
  }
  await writing;
  const expected = createHash('sha256');
  for (let count = 0; count < 100; count += 1) expected.update(body);
  expect([received, hash.digest('hex')]).toEqual([100_000_000, expected.digest('hex')]);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
});
