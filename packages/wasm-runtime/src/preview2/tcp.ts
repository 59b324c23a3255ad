import type {
  CoreHostFunction,
  GuestView,
  HostInterface,
  ResourceType,
} from '../component/host-interface.ts';
import type { Connection } from '../system/connection.ts';
import { answeringOnceMore } from './answer-once-more.ts';
import { putByte, putHandle } from './error-code.ts';
import { inputStream, outputStream, pollable } from './io-resources.ts';
import {
  family,
  putSocketAddress,
  readSocketAddress,
  socketAddressValues,
  type TypedAddress,
} from './ip-address.ts';
import { networkType } from './network.ts';
import { answeringNetwork, refuseNetwork } from './network-error.ts';
import type { SocketHost } from './socket-host.ts';
import { tcpOptions } from './tcp-options.ts';
import { TcpSocket } from './tcp-socket.ts';
import { connectionSink, connectionSource } from './tcp-streams.ts';
import { version } from './version.ts';

export const tcpSocketType: ResourceType<TcpSocket> = {
  name: 'tcp-socket',
  drop: (socket) => socket.release(),
};

/** `wasi:sockets/tcp` and `wasi:sockets/tcp-create-socket`. */
export function tcpInterfaces(host: SocketHost): readonly HostInterface[] {
  return [
    {
      name: 'wasi:sockets/tcp',
      version,
      resources: { 'tcp-socket': tcpSocketType },
      functions: {
        ...tcpOptions(tcpSocketType),
        '[method]tcp-socket.start-bind': withAddress((socket, local) => socket.startBind(local)),
        '[method]tcp-socket.finish-bind': simple((socket) => socket.finish('bind')),
        '[method]tcp-socket.start-connect': withAddress((socket, remote) => socket.startConnect(remote)),
        '[method]tcp-socket.finish-connect': retried(host.closing, (guest, socket, result) => {
          putHandles(guest, result, streamsOf(guest, socket, socket.finishConnect()));
        }),
        '[method]tcp-socket.start-listen': simple((socket) => socket.startListen()),
        '[method]tcp-socket.finish-listen': simple((socket) => socket.finish('listen')),
        '[method]tcp-socket.accept': retried(host.closing, (guest, socket, result) => {
          const accepted = socket.accept();
          const handle = guest.handles.insert(tcpSocketType, accepted);
          putHandles(guest, result, [handle, ...streamsOf(guest, accepted, accepted.connection)]);
        }),
        '[method]tcp-socket.local-address': address((socket) => socket.local),
        '[method]tcp-socket.remote-address': address((socket) => socket.connection.remote),
        '[method]tcp-socket.is-listening': {
          type: '(i32) -> (i32)',
          waits: false,
          bind: (guest) => (self: number) =>
            Number(guest.handles.get(tcpSocketType, self).state === 'listening'),
        },
        '[method]tcp-socket.address-family': {
          type: '(i32) -> (i32)',
          waits: false,
          bind: (guest) => (self: number) => guest.handles.get(tcpSocketType, self).family,
        },
        '[method]tcp-socket.subscribe': {
          type: '(i32) -> (i32)',
          waits: false,
          bind: (guest) => (self: number) => {
            const socket = guest.handles.get(tcpSocketType, self);
            return guest.handles.insert(pollable, { isReady: () => socket.isReady(), ready: socket.ready });
          },
        },
        '[method]tcp-socket.shutdown': {
          type: '(i32 i32 i32) -> ()',
          waits: false,
          bind: (guest) => (self: number, how: number, result: number) =>
            answeringNetwork(guest, result, 1, () => {
              if (how >>> 0 > 2) guest.trap(`${how} is no case of a shutdown-type`);
              const { connection } = guest.handles.get(tcpSocketType, self);
              if (how !== 1) connection.shutdown('read');
              if (how !== 0) connection.shutdown('write');
              putByte(guest, result);
            }),
        },
      },
    },
    {
      name: 'wasi:sockets/tcp-create-socket',
      version,
      functions: {
        'create-tcp-socket': {
          type: '(i32 i32) -> ()',
          waits: false,
          bind: (guest) => (of: number, result: number) =>
            answeringNetwork(guest, result, 4, () => {
              if (of !== family.ipv4 && of !== family.ipv6)
                guest.trap(`${of} is no case of an ip-address-family`);
              host.openFiles.requireRoom();
              putHandle(guest, result, guest.handles.insert(tcpSocketType, new TcpSocket(of, host)));
            }),
        },
      },
    },
  ];
}

function simple(act: (socket: TcpSocket) => void): CoreHostFunction {
  return {
    type: '(i32 i32) -> ()',
    waits: false,
    bind: (guest) => (self: number, result: number) =>
      answeringNetwork(guest, result, 1, () => {
        act(guest.handles.get(tcpSocketType, self));
        putByte(guest, result);
      }),
  };
}

function withAddress(act: (socket: TcpSocket, address: TypedAddress) => void): CoreHostFunction {
  return {
    type: `(${Array.from({ length: socketAddressValues + 3 }, () => 'i32').join(' ')}) -> ()`,
    waits: false,
    bind:
      (guest) =>
      (self: number, network: number, ...rest: number[]) => {
        const result = rest[socketAddressValues] ?? 0;
        answeringNetwork(guest, result, 1, () => {
          const socket = guest.handles.get(tcpSocketType, self);
          guest.handles.get(networkType, network);
          act(socket, readSocketAddress(guest, rest.slice(0, socketAddressValues)));
          putByte(guest, result);
        });
      },
  };
}

/** Tried once more after a turn of the event loop before the guest is told that it would block. */
function retried(
  closing: AbortSignal,
  act: (guest: GuestView, socket: TcpSocket, result: number) => void,
): CoreHostFunction {
  return {
    type: '(i32 i32) -> ()',
    waits: true,
    bind: (guest) => (self: number, result: number) => {
      const socket = guest.handles.get(tcpSocketType, self);
      return answeringOnceMore(guest, closing, { result, payloadAt: 4 }, () => act(guest, socket, result));
    },
  };
}

function address(of: (socket: TcpSocket) => Connection['local']): CoreHostFunction {
  return {
    type: '(i32 i32) -> ()',
    waits: false,
    bind: (guest) => (self: number, result: number) =>
      answeringNetwork(guest, result, 4, () => {
        const found = of(guest.handles.get(tcpSocketType, self));
        if (found.address === '') refuseNetwork('invalid-state');
        putSocketAddress(guest, result, found);
      }),
  };
}

function streamsOf(guest: GuestView, socket: TcpSocket, connection: Connection): readonly number[] {
  return [
    guest.handles.insert(inputStream, connectionSource(connection, socket.share())),
    guest.handles.insert(outputStream, connectionSink(connection, socket.share())),
  ];
}

/** The success of a result of a tuple of handles. */
function putHandles(guest: GuestView, result: number, handles: readonly number[]): void {
  const at = guest.check(result, 4 + 4 * handles.length, 4);
  const view = guest.view();
  view.setUint8(at, 0);
  for (const [index, handle] of handles.entries()) view.setUint32(at + 4 + 4 * index, handle, true);
}
