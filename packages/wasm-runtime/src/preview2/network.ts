import type { HostInterface, ResourceType } from '../component/host-interface.ts';
import { ioError } from './io-resources.ts';
import { networkErrorOf, networkNumberOf } from './network-error.ts';
import { version } from './version.ts';

/** What a guest shows to use the network. There is one, with the guest's policy. */
export const networkType: ResourceType<'network'> = { name: 'network' };

/** `wasi:sockets/network` and `wasi:sockets/instance-network`. */
export function networkInterfaces(): readonly HostInterface[] {
  return [
    {
      name: 'wasi:sockets/network',
      version,
      resources: { network: networkType },
      functions: {
        'network-error-code': {
          type: '(i32 i32) -> ()',
          waits: false,
          bind: (guest) => (error: number, result: number) => {
            const code = networkErrorOf(guest.handles.get(ioError, error).cause);
            const at = guest.check(result, 2);
            guest.view().setUint8(at, code === undefined ? 0 : 1);
            guest.view().setUint8(at + 1, code === undefined ? 0 : networkNumberOf(code));
          },
        },
      },
    },
    {
      name: 'wasi:sockets/instance-network',
      version,
      functions: {
        'instance-network': {
          type: '() -> (i32)',
          waits: false,
          bind: (guest) => () => guest.handles.insert(networkType, 'network'),
        },
      },
    },
  ];
}
