import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { openKubeconfig } from '@wasmlet/kubelet';
import { CommandError } from '../errors.ts';

export interface NodeAddressOptions {
  /** Where the node's API listens; taken when it is one address. */
  readonly listen: string;
  /** Kubeconfigs that lead to the API server; the first that can be read counts. */
  readonly kubeconfigs: readonly string[];
}

/**
 * The address by which the API server can reach this machine: the one that is listened on, else the one that
 * connections to the API server come from, else the first that is not loopback.
 *
 * @throws {@link CommandError} `NODE_ADDRESS` when there is none.
 */
export async function findNodeAddress({ listen, kubeconfigs }: NodeAddressOptions): Promise<string> {
  if (isIP(listen) !== 0 && listen !== '0.0.0.0' && listen !== '::') return listen;
  for (const path of kubeconfigs) {
    const address = await sourceAddressTowardsServerOf(path).catch(() => undefined);
    if (address !== undefined) return address;
  }
  const found = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !/^(169\.254\.|fe80:)/i.test(address))
    .toSorted((a, b) => a.family.localeCompare(b.family))[0]?.address;
  if (found !== undefined) return found;
  throw new CommandError(
    'NODE_ADDRESS',
    'This machine has no address that the API server could reach: give one with --node-ip.',
  );
}

async function sourceAddressTowardsServerOf(kubeconfig: string): Promise<string> {
  const { server } = await (await openKubeconfig(kubeconfig)).load();
  const { address, family } = await lookup(server.hostname.replaceAll(/[[\]]/g, ''));
  return sourceAddress(address, family === 6 ? 'udp6' : 'udp4');
}

/** Connecting a datagram socket sends nothing: the kernel only looks the route up. */
function sourceAddress(target: string, type: 'udp4' | 'udp6'): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(type);
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.connect(9, target, () => {
      const { address } = socket.address();
      socket.close();
      resolve(address);
    });
  });
}
