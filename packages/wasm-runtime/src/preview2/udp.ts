import type {
  CoreHostFunction,
  GuestView,
  HostInterface,
  ResourceType,
} from '../component/host-interface.ts';
import type { SocketAddress } from '../system/connection.ts';
import { answeringOnceMore } from './answer-once-more.ts';
import { putByte, putHandle } from './error-code.ts';
import { pollable } from './io-resources.ts';
import { family, putSocketAddress, readSocketAddress, socketAddressValues } from './ip-address.ts';
import { networkType } from './network.ts';
import { answeringNetwork, refuseNetwork } from './network-error.ts';
import type { SocketHost } from './socket-host.ts';
import { datagramStreams, incomingType, outgoingType } from './udp-streams.ts';
import { UdpSocket } from './udp-socket.ts';
import { version } from './version.ts';

const udpSocketType: ResourceType<UdpSocket> = { name: 'udp-socket', drop: (socket) => socket.release() };

/** `wasi:sockets/udp` and `wasi:sockets/udp-create-socket`. */
export function udpInterfaces(host: SocketHost): readonly HostInterface[] {
  return [
    {
      name: 'wasi:sockets/udp',
      version,
      resources: {
        'udp-socket': udpSocketType,
        'incoming-datagram-stream': incomingType,
        'outgoing-datagram-stream': outgoingType,
      },
      functions: {
        ...datagramStreams(host.closing),
        '[method]udp-socket.start-bind': {
          type: i32s(socketAddressValues + 3),
          waits: false,
          bind:
            (guest) =>
            (self: number, network: number, ...rest: number[]) =>
              answeringNetwork(guest, rest[socketAddressValues] ?? 0, 1, () => {
                const socket = guest.handles.get(udpSocketType, self);
                guest.handles.get(networkType, network);
                socket.startBind(readSocketAddress(guest, rest.slice(0, socketAddressValues)));
                putByte(guest, rest[socketAddressValues] ?? 0);
              }),
        },
        '[method]udp-socket.finish-bind': {
          type: i32s(2),
          waits: true,
          bind: (guest) => (self: number, result: number) => {
            const socket = guest.handles.get(udpSocketType, self);
            return answeringOnceMore(guest, host.closing, { result, payloadAt: 1 }, () => {
              socket.finishBind();
              putByte(guest, result);
            });
          },
        },
        '[method]udp-socket.stream': {
          type: i32s(socketAddressValues + 3),
          waits: false,
          bind:
            (guest) =>
            (self: number, present: number, ...rest: number[]) =>
              openStreams(guest, guest.handles.get(udpSocketType, self), present, rest),
        },
        '[method]udp-socket.local-address': address((socket) => socket.bound.local),
        '[method]udp-socket.remote-address': address((socket) => socket.remote),
        '[method]udp-socket.address-family': {
          type: '(i32) -> (i32)',
          waits: false,
          bind: (guest) => (self: number) => guest.handles.get(udpSocketType, self).family,
        },
        ...options,
        '[method]udp-socket.subscribe': {
          type: '(i32) -> (i32)',
          waits: false,
          bind: (guest) => (self: number) => {
            const socket = guest.handles.get(udpSocketType, self);
            return guest.handles.insert(pollable, { isReady: () => socket.isReady(), ready: socket.ready });
          },
        },
      },
    },
    {
      name: 'wasi:sockets/udp-create-socket',
      version,
      functions: {
        'create-udp-socket': {
          type: i32s(2),
          waits: false,
          bind: (guest) => (of: number, result: number) =>
            answeringNetwork(guest, result, 4, () => {
              if (of !== family.ipv4 && of !== family.ipv6)
                guest.trap(`${of} is no case of an ip-address-family`);
              host.openFiles.requireRoom();
              putHandle(guest, result, guest.handles.insert(udpSocketType, new UdpSocket(of, host)));
            }),
        },
      },
    },
  ];
}

function openStreams(guest: GuestView, socket: UdpSocket, present: number, rest: readonly number[]): void {
  const result = rest[socketAddressValues] ?? 0;
  answeringNetwork(guest, result, 4, () => {
    const remote = present === 0 ? undefined : readSocketAddress(guest, rest.slice(0, socketAddressValues));
    const [incoming, outgoing] = socket.openStreams(remote);
    const handles = [
      guest.handles.insert(incomingType, incoming),
      guest.handles.insert(outgoingType, outgoing),
    ];
    const at = guest.check(result, 12, 4);
    const view = guest.view();
    view.setUint8(at, 0);
    for (const [index, handle] of handles.entries()) view.setUint32(at + 4 + 4 * index, handle, true);
  });
}

function address(of: (socket: UdpSocket) => SocketAddress): CoreHostFunction {
  return {
    type: i32s(2),
    waits: false,
    bind: (guest) => (self: number, result: number) =>
      answeringNetwork(guest, result, 4, () =>
        putSocketAddress(guest, result, of(guest.handles.get(udpSocketType, self))),
      ),
  };
}

/** Sizes are what a fresh socket of Linux says, and hints where they are set. */
const options: Readonly<Record<string, CoreHostFunction>> = {
  '[method]udp-socket.unicast-hop-limit': {
    type: i32s(2),
    waits: false,
    bind: (guest) => (self: number, result: number) =>
      answeringNetwork(guest, result, 1, () => {
        putByte(guest, result, guest.handles.get(udpSocketType, self).hopLimit);
      }),
  },
  '[method]udp-socket.set-unicast-hop-limit': {
    type: i32s(3),
    waits: false,
    bind: (guest) => (self: number, limit: number, result: number) =>
      answeringNetwork(guest, result, 1, () => {
        guest.handles.get(udpSocketType, self).hopLimit = limit & 0xff;
        putByte(guest, result);
      }),
  },
  '[method]udp-socket.receive-buffer-size': bufferSize(),
  '[method]udp-socket.set-receive-buffer-size': bufferHint(),
  '[method]udp-socket.send-buffer-size': bufferSize(),
  '[method]udp-socket.set-send-buffer-size': bufferHint(),
};

function bufferSize(): CoreHostFunction {
  return {
    type: i32s(2),
    waits: false,
    bind: (guest) => (self: number, result: number) =>
      answeringNetwork(guest, result, 8, () => {
        guest.handles.get(udpSocketType, self).requireOpen();
        const at = guest.check(result, 16, 8);
        guest.view().setUint8(at, 0);
        guest.view().setBigUint64(at + 8, 65_536n, true);
      }),
  };
}

function bufferHint(): CoreHostFunction {
  return {
    type: '(i32 i64 i32) -> ()',
    waits: false,
    bind: (guest) => (self: number, bytes: bigint, result: number) =>
      answeringNetwork(guest, result, 1, () => {
        guest.handles.get(udpSocketType, self).requireOpen();
        if (bytes === 0n) refuseNetwork('invalid-argument');
        putByte(guest, result);
      }),
  };
}

function i32s(count: number): string {
  return `(${Array.from({ length: count }, () => 'i32').join(' ')}) -> ()`;
}
