import type { CoreHostFunction, GuestView, ResourceType } from '../component/host-interface.ts';
import type { Datagram } from '../system/datagram-socket.ts';
import { pollable } from './io-resources.ts';
import { readStoredAddress, storeSocketAddress } from './ip-address.ts';
import { answeringNetwork, networkErrorOf } from './network-error.ts';
import type { DatagramStream } from './udp-socket.ts';
import { afterTurn } from './waits.ts';

const released = ({ socket }: DatagramStream): void => socket.release();

/** Type of an `incoming-datagram-stream`. */
export const incomingType: ResourceType<DatagramStream> = {
  name: 'incoming-datagram-stream',
  drop: released,
};
/** Type of an `outgoing-datagram-stream`. */
export const outgoingType: ResourceType<DatagramStream> = {
  name: 'outgoing-datagram-stream',
  drop: released,
};

/** Datagrams of one call. */
const maxDatagrams = 64;
const incomingBytes = 40;
const outgoingBytes = 44;

/** The functions of both streams. */
export function datagramStreams(closing: AbortSignal): Readonly<Record<string, CoreHostFunction>> {
  return {
    '[method]incoming-datagram-stream.receive': {
      type: '(i32 i64 i32) -> ()',
      waits: true,
      bind: (guest) => (self: number, max: bigint, result: number) => {
        const stream = guest.handles.get(incomingType, self);
        const most = Number(BigInt.asUintN(64, max) < BigInt(maxDatagrams) ? max : maxDatagrams);
        const receive = (): void =>
          answeringNetwork(guest, result, 4, () =>
            putDatagrams(guest, result, stream.socket.receive(stream, most)),
          );
        // One that asks in a loop would never see any else.
        return isReadable(stream) ? receive() : afterTurn(guest, closing, receive);
      },
    },
    '[method]incoming-datagram-stream.subscribe': {
      type: '(i32) -> (i32)',
      waits: false,
      bind: (guest) => (self: number) => {
        const stream = guest.handles.get(incomingType, self);
        return guest.handles.insert(pollable, {
          isReady: () => isReadable(stream),
          ready: async (signal) => {
            if (!isReadable(stream)) await stream.socket.bound.receivable(signal);
          },
        });
      },
    },
    '[method]outgoing-datagram-stream.check-send': {
      type: '(i32 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, result: number) =>
        answeringNetwork(guest, result, 8, () => {
          const stream = guest.handles.get(outgoingType, self);
          stream.permits = stream.socket.bound.room;
          putCount(guest, result, stream.permits);
        }),
    },
    '[method]outgoing-datagram-stream.send': {
      type: '(i32 i32 i32 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, list: number, length: number, result: number) =>
        answeringNetwork(guest, result, 8, () => {
          const stream = guest.handles.get(outgoingType, self);
          if (length >>> 0 > stream.permits) guest.trap('more datagrams were sent than check-send permits');
          stream.permits -= length >>> 0;
          putCount(guest, result, sendAll(guest, stream, list, length >>> 0));
        }),
    },
    '[method]outgoing-datagram-stream.subscribe': {
      type: '(i32) -> (i32)',
      waits: false,
      bind: (guest) => (self: number) => {
        const stream = guest.handles.get(outgoingType, self);
        return guest.handles.insert(pollable, {
          isReady: () => isClosed(stream) || stream.socket.bound.room > 0,
          ready: async (signal) => {
            if (!isClosed(stream)) await stream.socket.bound.sendable(signal);
          },
        });
      },
    },
  };
}

function isClosed({ socket }: DatagramStream): boolean {
  try {
    void socket.bound;
    return false;
  } catch (error) {
    if (networkErrorOf(error) === undefined) throw error;
    return true;
  }
}

function isReadable(stream: DatagramStream): boolean {
  return isClosed(stream) || stream.socket.bound.canReceive;
}

/** How many were sent; refuses where the first was not. */
function sendAll(guest: GuestView, stream: DatagramStream, list: number, length: number): number {
  const start = guest.check(list, length * outgoingBytes, 4);
  for (let index = 0; index < length; index += 1) {
    const at = start + index * outgoingBytes;
    const view = guest.view();
    const bytes = guest.span(view.getUint32(at, true), view.getUint32(at + 4, true));
    const remote = view.getUint8(at + 8) === 0 ? undefined : readStoredAddress(guest, at + 12);
    try {
      stream.socket.send(stream, bytes, remote);
    } catch (error) {
      if (index === 0 || networkErrorOf(error) === undefined) throw error;
      return index;
    }
  }
  return length;
}

function putDatagrams(guest: GuestView, result: number, datagrams: readonly Datagram[]): void {
  const list = guest.allocate(datagrams.length * incomingBytes, 4);
  for (const [index, { bytes, from }] of datagrams.entries()) {
    const at = list + index * incomingBytes;
    guest.storeBytes(at, bytes);
    storeSocketAddress(guest.view(), at + 8, from);
  }
  const at = guest.check(result, 12, 4);
  const view = guest.view();
  view.setUint8(at, 0);
  view.setUint32(at + 4, list, true);
  view.setUint32(at + 8, datagrams.length, true);
}

function putCount(guest: GuestView, result: number, count: number): void {
  const at = guest.check(result, 16, 8);
  guest.view().setUint8(at, 0);
  guest.view().setBigUint64(at + 8, BigInt(count), true);
}
