import type { CoreHostFunction, GuestView, ResourceType } from '../component/host-interface.ts';
import { putByte } from './error-code.ts';
import { answeringNetwork, refuseNetwork } from './network-error.ts';
import type { TcpSocket } from './tcp-socket.ts';

/** What a fresh socket of Linux says. */
const defaults = {
  keepAliveIdleNs: 7_200_000_000_000n,
  keepAliveIntervalNs: 75_000_000_000n,
  keepAliveCount: 9,
  hopLimit: 64,
  bufferBytes: 65_536n,
};

const unsupported = (): never => refuseNetwork('not-supported');
/** Sizes are hints, which may be rounded to what there is. */
const hint = (): void => {};

/** Options of `tcp-socket`. Node sets keep-alive alone: of the others it is said what holds, and they cannot be set. */
export function tcpOptions(type: ResourceType<TcpSocket>): Readonly<Record<string, CoreHostFunction>> {
  const open = (guest: GuestView, self: number): TcpSocket => {
    const socket = guest.handles.get(type, self);
    socket.requireOpen();
    return socket;
  };

  /** @param payloadAt where the value of its result lies, by its size */
  function get(payloadAt: 1 | 4 | 8, value: number | bigint): CoreHostFunction {
    return {
      type: '(i32 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, result: number) =>
        answeringNetwork(guest, result, payloadAt, () => {
          open(guest, self);
          const at = guest.check(result, payloadAt * 2, payloadAt);
          const view = guest.view();
          view.setUint8(at, 0);
          if (payloadAt === 8) view.setBigUint64(at + 8, BigInt(value), true);
          else if (payloadAt === 4) view.setUint32(at + 4, Number(value), true);
          else view.setUint8(at + 1, Number(value));
        }),
    };
  }

  /** Refuses 0, which no option takes; then as `act` does. */
  function set(of: 'i32' | 'i64', act: (socket: TcpSocket) => void): CoreHostFunction {
    return {
      type: `(i32 ${of} i32) -> ()`,
      waits: false,
      bind: (guest) => (self: number, value: number | bigint, result: number) =>
        answeringNetwork(guest, result, 1, () => {
          const socket = open(guest, self);
          if (BigInt(value) === 0n) refuseNetwork('invalid-argument');
          act(socket);
          putByte(guest, result);
        }),
    };
  }

  return {
    '[method]tcp-socket.set-listen-backlog-size': set('i64', ({ state }) => {
      if (state === 'listening') refuseNetwork('not-supported');
      if (state !== 'unbound' && state !== 'bound') refuseNetwork('invalid-state');
    }),
    '[method]tcp-socket.keep-alive-enabled': {
      type: '(i32 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, result: number) =>
        answeringNetwork(guest, result, 1, () => putByte(guest, result, Number(open(guest, self).keepAlive))),
    },
    '[method]tcp-socket.set-keep-alive-enabled': {
      type: '(i32 i32 i32) -> ()',
      waits: false,
      bind: (guest) => (self: number, value: number, result: number) =>
        answeringNetwork(guest, result, 1, () => {
          open(guest, self).keepAlive = value !== 0;
          putByte(guest, result);
        }),
    },
    '[method]tcp-socket.keep-alive-idle-time': get(8, defaults.keepAliveIdleNs),
    '[method]tcp-socket.set-keep-alive-idle-time': set('i64', unsupported),
    '[method]tcp-socket.keep-alive-interval': get(8, defaults.keepAliveIntervalNs),
    '[method]tcp-socket.set-keep-alive-interval': set('i64', unsupported),
    '[method]tcp-socket.keep-alive-count': get(4, defaults.keepAliveCount),
    '[method]tcp-socket.set-keep-alive-count': set('i32', unsupported),
    '[method]tcp-socket.hop-limit': get(1, defaults.hopLimit),
    '[method]tcp-socket.set-hop-limit': set('i32', unsupported),
    '[method]tcp-socket.receive-buffer-size': get(8, defaults.bufferBytes),
    '[method]tcp-socket.set-receive-buffer-size': set('i64', hint),
    '[method]tcp-socket.send-buffer-size': get(8, defaults.bufferBytes),
    '[method]tcp-socket.set-send-buffer-size': set('i64', hint),
  };
}
