import type { CoreHostFunction, HostInterface, ResourceType } from '../component/host-interface.ts';
import { socketAddressValues } from './ip-address.ts';
import { answeringNetwork, refuseNetwork } from './network-error.ts';
import { version } from './version.ts';

const udpSocketType: ResourceType<never> = { name: 'udp-socket' };
const incomingType: ResourceType<never> = { name: 'incoming-datagram-stream' };
const outgoingType: ResourceType<never> = { name: 'outgoing-datagram-stream' };

/**
 * `wasi:sockets/udp` and `wasi:sockets/udp-create-socket`, of which no socket is given: components that can do without link
 * and run.
 */
export function udpInterfaces(): readonly HostInterface[] {
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
        ...methods('udp-socket', udpSocketType, {
          'start-bind': i32s(socketAddressValues + 3),
          'finish-bind': i32s(2),
          stream: i32s(socketAddressValues + 3),
          'local-address': i32s(2),
          'remote-address': i32s(2),
          'address-family': '(i32) -> (i32)',
          'unicast-hop-limit': i32s(2),
          'set-unicast-hop-limit': i32s(3),
          'receive-buffer-size': i32s(2),
          'set-receive-buffer-size': '(i32 i64 i32) -> ()',
          'send-buffer-size': i32s(2),
          'set-send-buffer-size': '(i32 i64 i32) -> ()',
          subscribe: '(i32) -> (i32)',
        }),
        ...methods('incoming-datagram-stream', incomingType, {
          receive: '(i32 i64 i32) -> ()',
          subscribe: '(i32) -> (i32)',
        }),
        ...methods('outgoing-datagram-stream', outgoingType, {
          'check-send': i32s(2),
          send: i32s(4),
          subscribe: '(i32) -> (i32)',
        }),
      },
    },
    {
      name: 'wasi:sockets/udp-create-socket',
      version,
      functions: {
        'create-udp-socket': {
          type: i32s(2),
          waits: false,
          bind: (guest) => (_family: number, result: number) =>
            answeringNetwork(guest, result, 4, () => refuseNetwork('not-supported')),
        },
      },
    },
  ];
}

/** Methods of a resource of which there is none: what calls them forges a handle. */
function methods(
  resource: string,
  type: ResourceType<never>,
  types: Readonly<Record<string, string>>,
): Readonly<Record<string, CoreHostFunction>> {
  const functions: Record<string, CoreHostFunction> = {};
  for (const [name, flat] of Object.entries(types)) {
    const bind: CoreHostFunction['bind'] = (guest) => (self: number) => void guest.handles.get(type, self);
    functions[`[method]${resource}.${name}`] = { type: flat, waits: false, bind };
  }
  return functions;
}

function i32s(count: number): string {
  return `(${Array.from({ length: count }, () => 'i32').join(' ')}) -> ()`;
}
