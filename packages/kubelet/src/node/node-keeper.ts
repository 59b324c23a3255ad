import type { V1Node } from '@kubernetes/client-node';
import type { Cluster } from '../cluster/cluster.ts';
import type { AbortOptions, Health, Provider } from '../provider.ts';
import type { Clock } from './clock.ts';
import { keepLease } from './lease-keeper.ts';
import type { Logger } from './logger.ts';
import type { Machine } from './machine.ts';
import type { NodeIngredients } from './node-object.ts';
import { registerNode } from './node-registration.ts';
import { createStatusReporter } from './status-reporter.ts';

export interface NodeKeeperOptions {
  readonly cluster: Pick<Cluster, 'nodes' | 'events'>;
  readonly provider: Pick<Provider, 'health'>;
  readonly machine: Machine;
  readonly ingredients: NodeIngredients;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/** The node's own object and lease, from registration on. */
export interface NodeKeeper {
  /** Creates the node or takes over the one of its name. */
  register(options: Required<AbortOptions>): Promise<V1Node>;
  /** Status and lease, until `signal` aborts. Calls `onReady` once. Never rejects. */
  run(options: {
    readonly signal: AbortSignal;
    readonly port?: number;
    readonly onReady: () => void;
  }): Promise<void>;
  /** The node as the server last showed it; absent before registration. */
  known(): V1Node | undefined;
}

/** A provider that does not answer cannot run containers. */
const healthTimeoutMs = 5_000;

export function createNodeKeeper(options: NodeKeeperOptions): NodeKeeper {
  const { cluster, provider, ingredients, clock } = options;
  const { nodeName } = ingredients;
  let node: V1Node | undefined;
  let registering: Promise<V1Node> | undefined;
  let last: V1Node | undefined;

  const remember = (next: V1Node): V1Node => {
    node = next;
    last = next;
    return next;
  };
  const forget = (): void => {
    node = undefined;
  };

  async function current({ signal }: Required<AbortOptions>): Promise<V1Node> {
    if (node !== undefined) return node;
    registering ??= registerNode({ ...options, nodes: cluster.nodes }, { signal })
      .then(remember)
      .finally(() => {
        registering = undefined;
      });
    return registering;
  }

  async function health({ signal }: Required<AbortOptions>): Promise<Health> {
    const done = new AbortController();
    const late = clock.sleep(healthTimeoutMs, { signal: done.signal }).then(
      (): Health => ({
        healthy: false,
        message: `the runtime did not answer within ${healthTimeoutMs} ms`,
      }),
    );
    try {
      return await Promise.race([provider.health({ signal: AbortSignal.any([signal, done.signal]) }), late]);
    } catch (error) {
      signal.throwIfAborted();
      return { healthy: false, message: (error as Error).message };
    } finally {
      done.abort();
      late.catch(() => undefined);
    }
  }

  return {
    register: current,
    known: () => last,
    async run({ signal, port, onReady }) {
      const reporter = createStatusReporter({
        ...options,
        nodes: cluster.nodes,
        events: cluster.events,
        health,
        node: current,
        remember,
        forget,
        onReady,
        ...(port === undefined ? {} : { port }),
      });
      const lease = {
        ...options,
        nodeName,
        nodes: cluster.nodes,
        health,
        async nodeUid(abort: Required<AbortOptions>) {
          forget();
          return (await current(abort)).metadata?.uid ?? '';
        },
        onLapse() {
          forget();
          reporter.insist();
        },
      };
      await Promise.all([reporter.run({ signal }), keepLease(lease, { signal })]);
    },
  };
}
