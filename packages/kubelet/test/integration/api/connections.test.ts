import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type KubeletApi, podSnapshot, startKubeletApi } from './kubelet-api.ts';

let api: KubeletApi;

beforeEach(async () => {
  api = await startKubeletApi({
    limits: { handshakeMs: 200, headersMs: 200, idleMs: 100, closeGraceMs: 300, maxConnections: 5 },
  });
});
afterEach(() => api[Symbol.asyncDispose]());

async function secure(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { address: host, port } = api.server;
  const socket = connect({ host, port, ca: api.authority.cert, ...api.admin, ...options });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

async function isAlive(): Promise<boolean> {
  return (await api.ask('/healthz')).status === 200;
}

test('what is no TLS ends its connection and nothing else', async () => {
  const socket = connectPlain(api.server.port, api.server.address);
  socket.on('error', () => undefined);
  socket.end('GET /pods HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(socket.resume(), 'close');
  expect(await isAlive()).toBe(true);
});

test('a handshake that does not come is given up', async () => {
  const socket = connectPlain(api.server.port, api.server.address);
  socket.on('error', () => undefined);
  await once(socket.resume(), 'close');
  expect(await isAlive()).toBe(true);
});

test('what is no HTTP is answered with 400', async () => {
  const socket = await secure();
  socket.write('\0\x01garbage\r\n\r\n');
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
  expect(await isAlive()).toBe(true);
});

test.each(['', 'GET /pods HTTP/1.1\r\nhost: '])(
  'headers that do not end (%j) are answered with 408',
  async (sent) => {
    const socket = await secure();
    socket.write(sent);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /);
    expect(await isAlive()).toBe(true);
  },
);

test('headers without measure are answered with 431', async () => {
  const socket = await secure();
  socket.write(`GET /pods HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(40_000)}\r\n\r\n`);
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 431 /);
  expect(await isAlive()).toBe(true);
});

test('a connection serves one request after another, and closes when there are no more', async () => {
  const socket = await secure();
  for (let count = 0; count < 3; count++) {
    socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
  }
  await once(socket.resume(), 'close');
});

test('requests that do not wait for the answer before them end the connection', async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  api.authorizer.authenticate = () => promise;
  const socket = await secure({ key: undefined, cert: undefined });
  socket.write('GET /pods HTTP/1.1\r\nhost: x\r\nauthorization: bearer t\r\n\r\n'.repeat(100));
  await once(socket.resume(), 'close');
  resolve(undefined);
  expect(await isAlive()).toBe(true);
});

test('connections without number are turned away', async () => {
  const held = await Promise.all(Array.from({ length: 5 }, () => secure()));
  await expect(secure()).rejects.toThrow(/disconnected|ECONNRESET/);
  for (const socket of held) socket.destroy();
  await Promise.all(held.map((socket) => once(socket, 'close')));
  expect(await isAlive()).toBe(true);
});

test('a client that goes away in the middle of a request does no harm', async () => {
  const socket = await secure();
  socket.write('POST /exec/a/b/c HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nabc');
  await once(socket, 'data');
  socket.destroy();
  expect(await isAlive()).toBe(true);
});

test('TLS older than 1.2 is not spoken', async () => {
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await expect(secure(old)).rejects.toThrow(/protocol version|unsupported protocol/i);
  const socket = await secure({ maxVersion: 'TLSv1.2' });
  socket.destroy();
});

test('a TLS session cannot be taken up again, as its certificate would not be looked at', async () => {
  const sessions: Buffer[] = [];
  const socket = await secure({ key: undefined, cert: undefined });
  socket.on('session', (session) => sessions.push(session));
  socket.write('GET /pods HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 401 /);
  for (const session of sessions) {
    const again = await secure({ key: undefined, cert: undefined, session });
    again.write('GET /pods HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(again.isSessionReused()).toBe(false);
    expect(await text(again)).toMatch(/^HTTP\/1\.1 401 /);
  }
});

test('closing lets requests finish, but not forever, and is done once', async () => {
  const review = Promise.withResolvers<{ allowed: boolean; reason: string }>();
  api.authorizer.authorize = () => review.promise;
  api.pods.push(podSnapshot('web'));
  const asked = new Promise<void>((resolve) => {
    api.authorizer.authorize = () => {
      resolve();
      return review.promise;
    };
  });
  const answer = api.ask('/pods');
  await asked;
  const idle = await secure();
  const closed = Promise.all([api.server.close(), api.server.close()]);
  review.resolve({ allowed: true, reason: '' });
  expect(await answer).toMatchObject({ status: 200 });
  await closed;
  await once(idle.resume(), 'close');
  await expect(secure()).rejects.toThrow('ECONNREFUSED');
});

test('closing does not wait for a request that does not finish', async () => {
  const asked = new Promise<void>((resolve) => {
    api.authorizer.authorize = () => {
      resolve();
      return new Promise(() => undefined);
    };
  });
  const answer = api.ask('/pods');
  answer.catch(() => undefined);
  await asked;
  await api.server.close();
  await expect(answer).rejects.toThrow('socket hang up');
});
