import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveComponent, type ServedComponent } from '../../src/serve.ts';
import { echo, serve, serveTcp } from '../fixtures/http-server.ts';
import { send } from '../fixtures/send.ts';
import { serverGuest } from '../fixtures/server-guest.ts';

let served: ServedComponent;
const denied: string[] = [];

beforeAll(async () => {
  served = await serveComponent(await serverGuest(), {
    egress: { allowedHosts: ['127.0.0.1', 'nowhere.invalid', 'localhost'], grants: ['127.0.0.1'] },
    outgoingTimeouts: { connectMs: 2_000 },
    onDenied: (host) => denied.push(host),
  });
});
afterAll(() => served[Symbol.asyncDispose]());

/** The number of `error-code` that a guest got for a request to there. */
async function errorOf(target: string): Promise<number> {
  const { status, body } = await send(served.address.port, `/fetch/${target}`);
  expect(status).toBe(599);
  return body[0] as number;
}

test('a guest sends a request and hands its response on', async () => {
  await using server = await serve(echo);
  const answer = await send(served.address.port, `/fetch/127.0.0.1:${server.port}/a/b?c=d`);
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toMatchObject({
    method: 'GET',
    url: '/a/b?c=d',
    headers: { host: `127.0.0.1:${server.port}` },
  });
});

test('a guest streams a body there and back', async () => {
  await using server = await serve((request, response) => request.pipe(response));
  const body = randomBytes(2_000_000);
  const answer = await send(served.address.port, `/post_/127.0.0.1:${server.port}/`, {
    method: 'POST',
    body,
  });
  expect(answer.body.equals(body)).toBe(true);
});

test('connections are used again', async () => {
  await using server = await serve((_request, response) => response.end('fine'));
  for (let count = 0; count < 3; count += 1) {
    await expect(send(served.address.port, `/fetch/127.0.0.1:${server.port}/`)).resolves.toMatchObject({
      text: 'fine',
    });
  }
  expect(server.connections()).toBe(1);
});

test('redirects are the guest’s matter', async () => {
  await using server = await serve((_request, response) =>
    response.writeHead(302, { location: '/other' }).end(),
  );
  await expect(send(served.address.port, `/fetch/127.0.0.1:${server.port}/`)).resolves.toMatchObject({
    status: 302,
  });
});

const numbers = {
  dnsError: 1,
  refused: 6,
  terminated: 7,
  readTimeout: 9,
  denied: 15,
  protocolError: 35,
  headerSectionSize: 26,
  authoritySyntax: 255,
};

test('a host that is not allowed, or not to be connected to, is denied', async () => {
  await expect(errorOf('example.com/')).resolves.toBe(numbers.denied);
  await expect(errorOf('169.254.169.254/')).resolves.toBe(numbers.denied);
  await expect(errorOf('[::1]/')).resolves.toBe(numbers.denied);
  expect(denied.slice(0, 2)).toEqual(['example.com', '169.254.169.254']);
});

test('what is no authority is refused', async () => {
  await expect(errorOf('user@127.0.0.1/')).resolves.toBe(numbers.authoritySyntax);
  await expect(errorOf('127.0.0.1:99999/')).resolves.toBe(numbers.authoritySyntax);
});

test('failures of the network have their codes', async () => {
  const server = await serveTcp((socket) => socket.destroy());
  await expect(errorOf(`127.0.0.1:${server.port}/`)).resolves.toBe(numbers.terminated);
  await server[Symbol.asyncDispose]();
  await expect(errorOf(`127.0.0.1:${server.port}/`)).resolves.toBe(numbers.refused);
});

test('failures of HTTP have their codes', async () => {
  await using wrong = await serveTcp((socket) => {
    socket.once('data', () => void socket.end('SSH-2.0-nothing\r\n'));
  });
  await expect(errorOf(`127.0.0.1:${wrong.port}/`)).resolves.toBe(numbers.protocolError);
  await using large = await serveTcp((socket) => {
    socket.once(
      'data',
      () => void socket.write(`HTTP/1.1 200 OK\r\n${'x-name: some value\r\n'.repeat(20_000)}\r\n`),
    );
  });
  await expect(errorOf(`127.0.0.1:${large.port}/`)).resolves.toBe(numbers.headerSectionSize);
});

test('a server that does not answer in the time that the guest has set is given up', async () => {
  await using server = await serveTcp(() => {});
  await expect(errorOf(`127.0.0.1:${server.port}/`)).resolves.toBe(numbers.readTimeout);
});

test('a response that stops in the middle is not told as a whole one', async () => {
  await using server = await serveTcp((socket) => {
    socket.once('data', () => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'));
  });
  await expect(send(served.address.port, `/fetch/127.0.0.1:${server.port}/`)).resolves.toMatchObject({
    status: 200,
    text: 'half',
    complete: false,
  });
});
