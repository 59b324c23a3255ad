import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { family } from '../../../src/preview2/ip-address.ts';
import { networkNumberOf } from '../../../src/preview2/network-error.ts';
import { openListener } from '../../../src/system/listener.ts';
import { freePort } from '../../fixtures/free-port.ts';
import { type Preview2Guest, startPreview2 } from '../../fixtures/preview2-guest.ts';

const tcp = 'wasi:sockets/tcp';
const streams = 'wasi:io/streams';
const loopback = { allowedHosts: ['127.0.0.1'], grants: ['127.0.0.0/8'] };

let guest: Preview2Guest;
let network: number;
let server: Server;
let port: number;
const connections: Socket[] = [];

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true }, (socket) => connections.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});

afterEach(async () => {
  guest.host.close();
  for (const socket of connections.splice(0)) socket.destroy();
  server.close();
  await Promise.all([once(server, 'close'), guest.host.settled()]);
});

async function start(options: Parameters<typeof startPreview2>[0] = {}): Promise<void> {
  guest = await startPreview2({ waiting: 'suspend', ...options });
  network = Number(guest.call('wasi:sockets/instance-network', 'instance-network').value);
}

type Values = Parameters<Preview2Guest['call']> extends [string, string, ...infer V] ? V : never;
const method = (name: string, ...values: Values) => guest.call(tcp, `[method]tcp-socket.${name}`, ...values);
const told = (answer: { u8(at: number): number }, payloadAt = 1) =>
  answer.u8(0) === 0 ? 'done' : { refused: answer.u8(payloadAt) };
const refusal = (code: Parameters<typeof networkNumberOf>[0]) => ({ refused: networkNumberOf(code) });

/** An `ip-socket-address` as core values. */
const ipv4 = (address: string, at: number) => [
  family.ipv4,
  at,
  ...address.split('.').map(Number),
  0,
  0,
  0,
  0,
  0,
  0,
];
const ipv6 = (groups: readonly number[], at: number) => [family.ipv6, at, 0, ...groups, 0];

function created(of: number = family.ipv4): number {
  const answer = guest.call('wasi:sockets/tcp-create-socket', 'create-tcp-socket', of);
  expect(answer.u8(0)).toBe(0);
  return answer.u32(4);
}

/** Waits until what was begun can be finished. */
async function finish(socket: number, what: string) {
  const pollable = Number(method('subscribe', socket).value);
  await guest.wait('wasi:io/poll', '[method]pollable.block', pollable);
  return guest.wait(tcp, `[method]tcp-socket.${what}`, socket);
}

async function connected(address = '127.0.0.1', at = port) {
  const socket = created();
  expect(told(method('start-connect', socket, network, ...ipv4(address, at)))).toBe('done');
  const answer = await finish(socket, 'finish-connect');
  return { socket, answer, input: answer.u32(4), output: answer.u32(8) };
}

describe('a guest with a policy', () => {
  test('connects, and exchanges bytes and ends', async () => {
    await start({ egress: loopback });
    const arrived = once(server, 'connection') as Promise<[Socket]>;
    const { socket, answer, input, output } = await connected();
    expect(answer.u8(0)).toBe(0);
    const [peer] = await arrived;
    const remote = method('remote-address', socket);
    expect([remote.u8(4), remote.u8(8) | (remote.u8(9) << 8), remote.u8(10), remote.u8(13)]).toEqual([
      0,
      port,
      127,
      1,
    ]);
    expect(guest.call(streams, '[method]output-stream.check-write', output).u64(8)).toBe(65_536n);
    const said = once(peer, 'data');
    await guest.wait(streams, '[method]output-stream.blocking-write-and-flush', output, 'hello');
    expect(String((await said)[0])).toBe('hello');
    peer.write('and to you');
    expect((await guest.wait(streams, '[method]input-stream.blocking-read', input, 100n)).text(4)).toBe(
      'and to you',
    );
    const ended = once(peer, 'end');
    peer.resume();
    expect(told(method('shutdown', socket, 1))).toBe('done');
    await ended;
    const after = guest.call(streams, '[method]output-stream.write', output, 'x');
    expect([after.u8(0), after.u8(4)]).toEqual([1, 1]);
    peer.end();
    const end = await guest.wait(streams, '[method]input-stream.blocking-read', input, 100n);
    expect([end.u8(0), end.u8(4)]).toEqual([1, 1]);
  });

  test('permits what the peer can take, and waits for a slow one', async () => {
    await start({ egress: loopback });
    const arrived = once(server, 'connection') as Promise<[Socket]>;
    const { output } = await connected();
    const [peer] = await arrived;
    let sent = 0;
    for (;;) {
      const permit = (await guest.wait(streams, '[method]output-stream.check-write', output)).u64(8);
      if (permit === 0n) break;
      guest.call(streams, '[method]output-stream.write-zeroes', output, permit);
      sent += Number(permit);
    }
    let received = 0;
    peer.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    const writable = Number(guest.call(streams, '[method]output-stream.subscribe', output).value);
    await guest.wait('wasi:io/poll', '[method]pollable.block', writable);
    await guest.wait(streams, '[method]output-stream.blocking-flush', output);
    expect(received).toBeGreaterThan(0);
    expect(received).toBeLessThanOrEqual(sent);
  });

  test('is told of a connection that is refused', async () => {
    await start({ egress: loopback });
    const { answer } = await connected('127.0.0.1', await freePort());
    expect(told(answer, 4)).toEqual(refusal('connection-refused'));
  });

  test('finds an address by an allowed name, and may connect to it then', async () => {
    await start({ egress: { allowedHosts: ['localhost'], grants: ['127.0.0.0/8', '::1'] } });
    const refused = await connected();
    expect(told(refused.answer, 4)).toEqual(refusal('access-denied'));
    const lookup = guest
      .call('wasi:sockets/ip-name-lookup', 'resolve-addresses', network, 'localhost')
      .u32(4);
    const of = 'wasi:sockets/ip-name-lookup';
    const ready = Number(guest.call(of, '[method]resolve-address-stream.subscribe', lookup).value);
    await guest.wait('wasi:io/poll', '[method]pollable.block', ready);
    const found: string[] = [];
    for (;;) {
      const next = guest.call(of, '[method]resolve-address-stream.resolve-next-address', lookup);
      expect(next.u8(0)).toBe(0);
      if (next.u8(2) === 0) break;
      found.push(next.u8(4) === family.ipv4 ? [6, 7, 8, 9].map((at) => next.u8(at)).join('.') : 'IPv6');
    }
    expect(found).toContain('127.0.0.1');
    expect((await connected()).answer.u8(0)).toBe(0);
  });

  test.each([
    ['example.com', 'permanent-resolver-failure'],
    ['127.0.0.2', 'permanent-resolver-failure'],
    ['not a name', 'invalid-argument'],
    ['', 'invalid-argument'],
  ] as const)('cannot look up %j', async (name, code) => {
    await start({ egress: loopback });
    const lookup = guest.call('wasi:sockets/ip-name-lookup', 'resolve-addresses', network, name);
    expect(told(lookup, 4)).toEqual(refusal(code));
  });
});

test('a guest without a policy connects to nothing, and looks up nothing', async () => {
  await start();
  const { answer } = await connected();
  expect(told(answer, 4)).toEqual(refusal('access-denied'));
  const lookup = guest.call('wasi:sockets/ip-name-lookup', 'resolve-addresses', network, 'localhost');
  expect(told(lookup, 4)).toEqual(refusal('permanent-resolver-failure'));
  expect(connections).toEqual([]);
});

test.each([
  ['port 0', ipv4('127.0.0.1', 0)],
  ['no host', ipv4('0.0.0.0', 80)],
  ['a group of hosts', ipv4('224.0.0.1', 80)],
  ['all hosts', ipv4('255.255.255.255', 80)],
  ['another family', ipv6([0, 0, 0, 0, 0, 0, 0, 1], 80)],
])('a connection to %s is refused as an argument', async (_what, address) => {
  await start({ egress: loopback });
  const socket = created();
  expect(told(method('start-connect', socket, network, ...address))).toEqual(refusal('invalid-argument'));
});

test('an IPv4 address does not get past the policy as one of IPv6', async () => {
  await start({ egress: loopback });
  const socket = created(family.ipv6);
  const mapped = ipv6([0, 0, 0, 0, 0, 0xffff, 0x7f00, 1], port);
  expect(told(method('start-connect', socket, network, ...mapped))).toEqual(refusal('invalid-argument'));
});

describe('a listener', () => {
  test('is had by binding to its port, and accepts', async () => {
    const at = await freePort();
    const listener = await openListener({ host: '127.0.0.1', port: at });
    await start({ listeners: [{ listener, port: at }] });
    const socket = created();
    expect(told(method('start-bind', socket, network, ...ipv4('0.0.0.0', at)))).toBe('done');
    expect(told(method('start-listen', socket))).toEqual(refusal('concurrency-conflict'));
    expect(told(method('finish-bind', socket))).toBe('done');
    expect(told(method('start-listen', socket))).toBe('done');
    expect(told(method('finish-listen', socket))).toBe('done');
    expect(method('is-listening', socket).value).toBe(1);
    expect(told(await guest.wait(tcp, '[method]tcp-socket.accept', socket), 4)).toEqual(
      refusal('would-block'),
    );
    const client = connect(at, '127.0.0.1');
    connections.push(client);
    const accepted = await finish(socket, 'accept');
    expect(accepted.u8(0)).toBe(0);
    client.write('ping');
    const read = await guest.wait(streams, '[method]input-stream.blocking-read', accepted.u32(8), 10n);
    expect(read.text(4)).toBe('ping');
    const answered = once(client, 'data');
    await guest.wait(streams, '[method]output-stream.blocking-write-and-flush', accepted.u32(12), 'pong');
    expect(String((await answered)[0])).toBe('pong');
  });

  test('that was not passed in is not to be had', async () => {
    await start({ egress: loopback });
    const socket = created();
    expect(told(method('start-bind', socket, network, ...ipv4('127.0.0.1', 8_080)))).toEqual(
      refusal('access-denied'),
    );
    expect(told(method('start-listen', socket))).toEqual(refusal('invalid-state'));
    expect(told(method('start-bind', socket, network, ...ipv4('0.0.0.0', 0)))).toBe('done');
    method('finish-bind', socket);
    expect(told(method('start-listen', socket))).toEqual(refusal('access-denied'));
  });
});

test('what was not begun cannot be finished', async () => {
  await start();
  const socket = created();
  for (const what of ['finish-bind', 'finish-listen']) {
    expect(told(method(what, socket))).toEqual(refusal('not-in-progress'));
  }
  expect(told(method('finish-connect', socket), 4)).toEqual(refusal('not-in-progress'));
  expect(told(method('accept', socket), 4)).toEqual(refusal('invalid-state'));
  expect(told(method('shutdown', socket, 0))).toEqual(refusal('invalid-state'));
  expect(told(method('local-address', socket), 4)).toEqual(refusal('invalid-state'));
});

test('options that can be set are kept; 0 is none', async () => {
  await start();
  const socket = created();
  expect(told(method('set-keep-alive-enabled', socket, 1))).toBe('done');
  expect(method('keep-alive-enabled', socket).u8(1)).toBe(1);
  expect(told(method('set-keep-alive-count', socket, 0))).toEqual(refusal('invalid-argument'));
  expect(told(method('set-hop-limit', socket, 3))).toEqual(refusal('not-supported'));
  expect(method('hop-limit', socket).u8(1)).toBe(64);
  expect(told(method('set-receive-buffer-size', socket, 0n))).toEqual(refusal('invalid-argument'));
  expect(told(method('set-listen-backlog-size', socket, 5n))).toBe('done');
});

test('no more sockets are made than files may be open', async () => {
  await start({ maxDescriptors: 2 });
  created();
  created();
  const third = guest.call('wasi:sockets/tcp-create-socket', 'create-tcp-socket', family.ipv4);
  expect(told(third, 4)).toEqual(refusal('new-socket-limit'));
});

describe('a policy with schemes and ports', () => {
  test('is kept to, and the application is told of what it does not allow', async () => {
    const denials: unknown[] = [];
    await start({
      egress: { allowedHosts: [`tcp://127.0.0.1:${port}`], grants: ['127.0.0.0/8'] },
      onDenied: (denial) => denials.push(denial),
    });
    expect((await connected()).answer.u8(0)).toBe(0);
    expect(denials).toEqual([]);
    expect(told((await connected('127.0.0.1', 9)).answer, 4)).toEqual(refusal('access-denied'));
    expect(told((await connected('127.0.0.2')).answer, 4)).toEqual(refusal('access-denied'));
    guest.call('wasi:sockets/ip-name-lookup', 'resolve-addresses', network, 'example.com');
    expect(denials).toMatchObject([
      { kind: 'egress-denied', host: '127.0.0.1', reason: 'port-not-allowed' },
      { kind: 'egress-denied', host: '127.0.0.2', reason: 'host-not-allowed' },
      { kind: 'egress-denied', host: 'example.com', reason: 'host-not-allowed' },
    ]);
  });

  test('of requests is none of sockets', async () => {
    await start({ egress: { allowedHosts: [`http://127.0.0.1:${port}`], grants: ['127.0.0.0/8'] } });
    expect(told((await connected()).answer, 4)).toEqual(refusal('access-denied'));
  });

  test('is told of a name whose address is not granted', async () => {
    const denials: unknown[] = [];
    await start({
      egress: { allowedHosts: ['localhost'], grants: [] },
      onDenied: (denial) => denials.push(denial),
    });
    const of = 'wasi:sockets/ip-name-lookup';
    const lookup = guest.call(of, 'resolve-addresses', network, 'localhost').u32(4);
    const ready = Number(guest.call(of, '[method]resolve-address-stream.subscribe', lookup).value);
    await guest.wait('wasi:io/poll', '[method]pollable.block', ready);
    const next = guest.call(of, '[method]resolve-address-stream.resolve-next-address', lookup);
    expect(told(next, 2)).toEqual(refusal('permanent-resolver-failure'));
    expect(denials).toMatchObject([{ host: 'localhost', reason: 'address-not-allowed' }]);
  });
});
