import { once } from 'node:events';
import { get, createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEgressGuard } from '../../src/index.ts';

let server: Server;
let port: number;
let connections = 0;

beforeAll(async () => {
  server = createServer((_request, response) => response.end('hello'));
  server.on('connection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  port = address.port;
});
afterAll(async () => {
  server.close();
  await once(server, 'close');
});

test('a request goes to the address that was checked', async () => {
  const { lookup } = createEgressGuard(
    { allowedHosts: ['service.test'], grants: ['service.test'] },
    { resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]) },
  );
  const [response] = await once(get({ host: 'service.test', port, lookup, agent: false }), 'response');
  expect(await text(response)).toBe('hello');
});

test.each([{ autoSelectFamily: true }, { autoSelectFamily: false }])(
  'a connection that is denied is not made: %j',
  async (options) => {
    const before = connections;
    const { lookup } = createEgressGuard({ allowedHosts: ['localhost'], grants: [] });
    const socket = connect({ host: 'localhost', port, lookup, ...options });
    const [error] = await once(socket, 'error');
    expect(error).toMatchObject({ name: 'EgressError', code: 'DENIED', host: 'localhost' });
    expect(connections).toBe(before);
  },
);

test("the system's resolver is asked for names", async () => {
  const guard = createEgressGuard({ allowedHosts: ['localhost'], grants: ['127.0.0.0/8', '::1'] });
  expect(await guard.resolve('localhost')).toContainEqual({ address: '127.0.0.1', family: 4 });
});
