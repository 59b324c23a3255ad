import type { V1Lease } from '@kubernetes/client-node';
import { ClusterError, type NodeRegistry } from '../cluster/cluster.ts';
import type { AbortOptions, Health } from '../provider.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

export interface LeaseKeeperOptions {
  readonly nodeName: string;
  readonly nodes: NodeRegistry;
  /** No lease is renewed while containers cannot be run. */
  readonly health: (options: Required<AbortOptions>) => Promise<Health>;
  /** The node's uid at the server; registers the node again when it was deleted. */
  readonly nodeUid: (options: Required<AbortOptions>) => Promise<string>;
  /** Called after a renewal that came later than the lease lasts: the cluster took the node for lost. */
  readonly onLapse: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/** How long the cluster believes in a node that it does not hear of. */
export const leaseSeconds = 40;
/** A quarter of it. */
const renewIntervalMs = 10_000;
const jitter = 0.04;
const maxImmediateRetries = 5;

/** Renews the node's lease until `signal` aborts, and leaves it then. Never rejects. */
export async function keepLease(
  options: LeaseKeeperOptions,
  { signal }: Required<AbortOptions>,
): Promise<void> {
  const { nodeName, clock, logger, random, health, onLapse } = options;
  let lease: V1Lease | undefined;
  let renewedAt: number | undefined;
  while (!signal.aborted) {
    try {
      const { healthy } = await health({ signal });
      if (healthy) {
        lease = await renew(options, lease, signal);
        const now = clock.now().getTime();
        if (renewedAt !== undefined && now - renewedAt > leaseSeconds * 1000) onLapse();
        renewedAt = now;
      }
    } catch (error) {
      if (signal.aborted) return;
      lease = undefined;
      logger.warn({ node: nodeName, error: (error as Error).message }, 'renewing the lease failed');
    }
    await clock.sleep(renewIntervalMs * (1 + jitter * random()), { signal }).catch(() => undefined);
  }
}

async function renew(
  options: LeaseKeeperOptions,
  known: V1Lease | undefined,
  signal: AbortSignal,
): Promise<V1Lease> {
  const { nodeName, nodes, clock } = options;
  let lease = known;
  for (let attempt = 1; ; attempt++) {
    try {
      lease ??= await nodes.getLease(nodeName, { signal });
      const spec = { ...lease.spec, ...leaseSpec(nodeName, clock.now()) };
      return await nodes.updateLease({ ...lease, spec }, { signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ClusterError) || attempt > maxImmediateRetries) throw error;
      lease = undefined;
      if (error.code === 'NotFound') return createLease(options, signal);
    }
  }
}

async function createLease(
  { nodeName, nodes, nodeUid, clock }: LeaseKeeperOptions,
  signal: AbortSignal,
): Promise<V1Lease> {
  const uid = await nodeUid({ signal });
  const lease: V1Lease = {
    metadata: {
      name: nodeName,
      namespace: 'kube-node-lease',
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid }],
    },
    spec: leaseSpec(nodeName, clock.now()),
  };
  return nodes.createLease(lease, { signal });
}

function leaseSpec(nodeName: string, now: Date): NonNullable<V1Lease['spec']> {
  // The server wants six digits of a second; a Date would be sent with three.
  const renewTime = now.toISOString().replace(/Z$/, '000Z') as unknown as Date;
  return { holderIdentity: nodeName, leaseDurationSeconds: leaseSeconds, renewTime };
}
