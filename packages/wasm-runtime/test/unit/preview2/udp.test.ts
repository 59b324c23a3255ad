import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { family } from '../../../src/preview2/ip-address.ts';
import { networkNumberOf } from '../../../src/preview2/network-error.ts';
import { type Preview2Guest, startPreview2 } from '../../fixtures/preview2-guest.ts';

const udp = 'wasi:sockets/udp';
const loopback = { allowedHosts: ['udp://127.0.0.1'], grants: ['127.0.0.0/8'] };

let guest: Preview2Guest;
let network: number;
let peer: Socket;

beforeEach(async () => {
  peer = await openPeer('127.0.0.1');
});
afterEach(async () => {
  guest.host.close();
  const closed = once(peer, 'close');
  peer.close();
  await closed;
});

async function openPeer(address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
}

type Values = Parameters<Preview2Guest['call']> extends [string, string, ...infer V] ? V : never;
const socketMethod = (name: string, ...values: Values) =>
  guest.call(udp, `[method]udp-socket.${name}`, ...values);
const told = (answer: { u8(at: number): number }, payloadAt = 1) =>
  answer.u8(0) === 0 ? 'done' : { refused: answer.u8(payloadAt) };
const refusal = (code: Parameters<typeof networkNumberOf>[0]) => ({ refused: networkNumberOf(code) });

/** An `ip-socket-address` as core values. */
const ipv4 = (address: string, port: number) => [
  family.ipv4,
  port,
  ...address.split('.').map(Number),
  0,
  0,
  0,
  0,
  0,
  0,
];
const nobody = [0, ...ipv4('0.0.0.0', 0)];

async function start(options: Parameters<typeof startPreview2>[0] = {}): Promise<void> {
  guest = await startPreview2({ waiting: 'suspend', egress: loopback, ...options });
  network = Number(guest.call('wasi:sockets/instance-network', 'instance-network').value);
}

function created(): number {
  const answer = guest.call('wasi:sockets/udp-create-socket', 'create-udp-socket', family.ipv4);
  expect(answer.u8(0)).toBe(0);
  return answer.u32(4);
}

async function bound(): Promise<number> {
  const socket = created();
  expect(told(socketMethod('start-bind', socket, network, ...ipv4('127.0.0.1', 0)))).toBe('done');
  await block(Number(socketMethod('subscribe', socket).value));
  expect(told(await guest.wait(udp, '[method]udp-socket.finish-bind', socket))).toBe('done');
  return socket;
}

const block = (pollable: number) => guest.wait('wasi:io/poll', '[method]pollable.block', pollable);

function streamsOf(socket: number, remote: readonly number[] = nobody) {
  const answer = socketMethod('stream', socket, ...remote);
  expect(told(answer, 4)).toBe('done');
  return { incoming: answer.u32(4), outgoing: answer.u32(8) };
}

const portOf = (socket: number): number => {
  const answer = socketMethod('local-address', socket);
  return answer.u8(8) | (answer.u8(9) << 8);
};

/** Puts `outgoing-datagram`s into the guest's memory, and sends them. */
function send(
  outgoing: number,
  datagrams: readonly { readonly text: string; readonly to?: readonly [string, number] }[],
) {
  guest.call(udp, '[method]outgoing-datagram-stream.check-send', outgoing);
  const list = guest.guest.allocate(datagrams.length * 44, 4);
  for (const [index, { text, to }] of datagrams.entries()) {
    const at = list + index * 44;
    guest.guest.storeString(at, text);
    const view = guest.guest.view();
    view.setUint8(at + 8, to === undefined ? 0 : 1);
    if (to === undefined) continue;
    view.setUint8(at + 12, family.ipv4);
    view.setUint16(at + 16, to[1], true);
    for (const [offset, byte] of to[0].split('.').entries()) view.setUint8(at + 18 + offset, Number(byte));
  }
  return guest.call(udp, '[method]outgoing-datagram-stream.send', outgoing, list, datagrams.length);
}

async function receive(incoming: number) {
  await block(Number(guest.call(udp, '[method]incoming-datagram-stream.subscribe', incoming).value));
  return received(incoming);
}

async function received(incoming: number) {
  const answer = await guest.wait(udp, '[method]incoming-datagram-stream.receive', incoming, 10n);
  if (answer.u8(0) !== 0) return told(answer, 4);
  const [list, count] = [answer.u32(4), answer.u32(8)];
  const view = guest.guest.view();
  return Array.from({ length: count }, (_, index) => {
    const at = list + index * 40;
    const [pointer, length] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    return {
      text: Buffer.from(guest.guest.span(pointer, length)).toString(),
      from: [14, 15, 16, 17].map((offset) => view.getUint8(at + offset)).join('.'),
      port: view.getUint16(at + 12, true),
    };
  });
}

describe('a guest with a policy', () => {
  test('sends datagrams and receives what is answered', async () => {
    await start();
    const socket = await bound();
    const { incoming, outgoing } = streamsOf(socket);
    peer.on('message', (bytes, { port, address }) => peer.send(`re: ${String(bytes)}`, port, address));
    const to = ['127.0.0.1', peer.address().port] as const;
    const sent = send(outgoing, [
      { text: 'one', to },
      { text: 'two', to },
    ]);
    expect([sent.u8(0), sent.u64(8)]).toEqual([0, 2n]);
    const all = await receive(incoming);
    while (Array.isArray(all) && all.length < 2) all.push(...((await receive(incoming)) as typeof all));
    expect(all).toEqual([
      { text: 're: one', from: '127.0.0.1', port: to[1] },
      { text: 're: two', from: '127.0.0.1', port: to[1] },
    ]);
  });

  test('may leave the peer out, once it has chosen one', async () => {
    await start();
    const socket = await bound();
    expect(told(socketMethod('remote-address', socket), 4)).toEqual(refusal('invalid-state'));
    const { port } = peer.address();
    const { outgoing } = streamsOf(socket, [1, ...ipv4('127.0.0.1', port)]);
    const remote = socketMethod('remote-address', socket);
    expect(remote.u8(8) | (remote.u8(9) << 8)).toBe(port);
    const arrived = once(peer, 'message');
    send(outgoing, [{ text: 'hello' }]);
    expect(String((await arrived)[0])).toBe('hello');
    expect(told(send(outgoing, [{ text: 'x', to: ['127.0.0.1', 9] }]), 8)).toEqual(
      refusal('invalid-argument'),
    );
    // The streams before are closed by those that come after.
    streamsOf(socket);
    expect(told(send(outgoing, [{ text: 'x' }]), 8)).toEqual(refusal('invalid-state'));
  });

  test('hears nobody that it may not write to', async () => {
    await start({ egress: { ...loopback, allowedHosts: [`udp://127.0.0.1:${peer.address().port}`] } });
    const socket = await bound();
    const { incoming } = streamsOf(socket);
    const stranger = await openPeer('127.0.0.1');
    await new Promise((done) => stranger.send('let me in', portOf(socket), '127.0.0.1', done));
    await new Promise((done) => peer.send('it is me', portOf(socket), '127.0.0.1', done));
    expect(await receive(incoming)).toMatchObject([{ text: 'it is me' }]);
    expect(await received(incoming)).toEqual([]);
    stranger.close();
    await once(stranger, 'close');
  });

  test.each([
    ['another port', '127.0.0.1', 9, 'access-denied'],
    ['another address', '127.0.0.2', 80, 'access-denied'],
    ['the metadata service', '169.254.169.254', 80, 'access-denied'],
    ['no host', '0.0.0.0', 80, 'invalid-argument'],
    ['a group', '224.0.0.1', 80, 'invalid-argument'],
    ['everybody', '255.255.255.255', 80, 'invalid-argument'],
    ['no port', '127.0.0.1', 0, 'invalid-argument'],
  ] as const)('sends nothing to %s', async (_what, address, port, code) => {
    const denials: unknown[] = [];
    await start({
      egress: { allowedHosts: ['udp://127.0.0.1:53', 'tcp://0.0.0.0/0'], grants: ['0.0.0.0/0'] },
      onDenied: (denial) => denials.push(denial),
    });
    const socket = await bound();
    expect(told(socketMethod('stream', socket, 1, ...ipv4(address, port)), 4)).toEqual(refusal(code));
    const { outgoing } = streamsOf(socket);
    expect(told(send(outgoing, [{ text: 'x', to: [address, port] }]), 8)).toEqual(refusal(code));
    expect(denials).toHaveLength(code === 'access-denied' ? 2 : 0);
  });

  test('gets no port that it asks for', async () => {
    await start();
    expect(told(socketMethod('start-bind', created(), network, ...ipv4('127.0.0.1', 8_080)))).toEqual(
      refusal('access-denied'),
    );
  });
});

test('a guest without a policy sends nothing', async () => {
  guest = await startPreview2({ waiting: 'suspend' });
  network = Number(guest.call('wasi:sockets/instance-network', 'instance-network').value);
  const { outgoing } = streamsOf(await bound());
  const to = ['127.0.0.1', peer.address().port] as const;
  expect(told(send(outgoing, [{ text: 'x', to }]), 8)).toEqual(refusal('access-denied'));
});

test('a socket has to be bound first, and at an address of this machine', async () => {
  await start();
  const socket = created();
  expect(told(socketMethod('stream', socket, ...nobody), 4)).toEqual(refusal('invalid-state'));
  expect(told(socketMethod('local-address', socket), 4)).toEqual(refusal('invalid-state'));
  expect(told(await guest.wait(udp, '[method]udp-socket.finish-bind', socket))).toEqual(
    refusal('not-in-progress'),
  );
  socketMethod('start-bind', socket, network, ...ipv4('192.0.2.1', 0));
  await block(Number(socketMethod('subscribe', socket).value));
  expect(told(await guest.wait(udp, '[method]udp-socket.finish-bind', socket))).toEqual(
    refusal('address-not-bindable'),
  );
});

test('a hop limit is kept, before and after a socket is bound; 0 is none', async () => {
  await start();
  const hopLimit = (socket: number): number => socketMethod('unicast-hop-limit', socket).u8(1);
  const unbound = created();
  expect(hopLimit(unbound)).toBe(64);
  expect(told(socketMethod('set-unicast-hop-limit', unbound, 0))).toEqual(refusal('invalid-argument'));
  for (const socket of [unbound, await bound()]) {
    expect(told(socketMethod('set-unicast-hop-limit', socket, 255))).toBe('done');
    expect(hopLimit(socket)).toBe(255);
  }
});

test('more than was permitted traps', async () => {
  await start();
  const { outgoing } = streamsOf(await bound());
  expect(guest.call(udp, '[method]outgoing-datagram-stream.check-send', outgoing).u64(8)).toBe(16n);
  expect(() => guest.call(udp, '[method]outgoing-datagram-stream.send', outgoing, 0, 17)).toThrow(
    'unreachable',
  );
});

test('no more sockets are made than files may be open, and one that is dropped makes room', async () => {
  await start({ maxDescriptors: 1 });
  created();
  const second = guest.call('wasi:sockets/udp-create-socket', 'create-udp-socket', family.ipv4);
  expect(told(second, 4)).toEqual(refusal('new-socket-limit'));
});
