import type { V1Node, V1NodeCondition } from '@kubernetes/client-node';
import { ClusterError, type EventSink, type NodeRegistry } from '../cluster/cluster.ts';
import type { AbortOptions, Health } from '../provider.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';
import type { Machine } from './machine.ts';
import { type NodeCondition, nodeConditions, transitionReasons } from './node-conditions.ts';
import { type NodeIngredients, nodeStatus } from './node-object.ts';

export interface StatusReporterOptions {
  readonly nodes: NodeRegistry;
  readonly events: EventSink;
  readonly machine: Machine;
  readonly health: (options: Required<AbortOptions>) => Promise<Health>;
  readonly ingredients: NodeIngredients;
  /** Port of the kubelet's API; absent when there is none. */
  readonly port?: number;
  /** The node as the server knows it; asked again after {@link StatusReporterOptions.forget}. */
  readonly node: (options: Required<AbortOptions>) => Promise<V1Node>;
  /** Takes up the node that a write returned. */
  readonly remember: (node: V1Node) => void;
  /** The node is gone: the next `node()` registers it again. */
  readonly forget: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** Called after the first write of Ready. */
  readonly onReady: () => void;
}

export interface StatusReporter {
  /** Until `signal` aborts. Never rejects. */
  run(options: Required<AbortOptions>): Promise<void>;
  /** Writes the next status even if nothing has changed. */
  insist(): void;
}

const computeIntervalMs = 10_000;
/** Nothing has changed: the lease says that the node lives, so the status can wait. */
const writeIntervalMs = 5 * 60_000;
/** Until the node is Ready for the first time, for at most two minutes, it is looked at more often. */
const startingIntervalMs = 500;
const startingPeriodMs = 120_000;
const maxAttempts = 5;

/** Keeps the node's status at the API server what it is here. */
export function createStatusReporter(options: StatusReporterOptions): StatusReporter {
  const { nodes, events, machine, health, ingredients, port, clock, logger, random } = options;
  const { nodeName } = ingredients;
  let isReady = false;
  let mustWrite = true;
  let written: { readonly content: string; readonly dueAt: number } | undefined;

  async function reportOnce(signal: AbortSignal): Promise<void> {
    const node = await options.node({ signal });
    const before: readonly V1NodeCondition[] = node.status?.conditions ?? [];
    const now = clock.now();
    const conditions = nodeConditions({
      facts: ingredients.machine,
      usage: await machine.usage(),
      health: await health({ signal }),
      now,
      before,
    });
    const content = JSON.stringify(
      conditions.map(({ type, status, reason, message }) => [type, status, reason, message]),
    );
    if (!mustWrite && written?.content === content && now.getTime() < written.dueAt) return;

    const isFirst = written === undefined;
    options.remember(await write(conditions, signal));
    mustWrite = false;
    // The first interval is spread, so that a fleet that started together does not write together.
    const intervalMs = isFirst ? writeIntervalMs * (0.5 + random()) : writeIntervalMs;
    written = { content, dueAt: now.getTime() + intervalMs };
    for (const reason of transitionReasons(before, conditions)) record(reason);
    if (!isReady && conditions.some(({ type, status }) => type === 'Ready' && status === 'True')) {
      isReady = true;
      options.onReady();
    }
  }

  async function write(conditions: readonly NodeCondition[], signal: AbortSignal): Promise<V1Node> {
    const status = nodeStatus(ingredients);
    const patch = {
      metadata: { labels: ingredients.labels },
      status: {
        ...status,
        // Merged by type otherwise, and an address that is not there any more would stay.
        addresses: [...(status.addresses ?? []), { $patch: 'replace' }],
        conditions,
        ...(port === undefined ? {} : { daemonEndpoints: { kubeletEndpoint: { Port: port } } }),
      },
    };
    for (let attempt = 1; ; attempt++) {
      try {
        return await nodes.patchStatus(nodeName, patch, { signal });
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ClusterError) || attempt === maxAttempts) throw error;
        if (error.code === 'NotFound') {
          options.forget();
          await options.node({ signal });
        }
      }
    }
  }

  function record(reason: string): void {
    events.record({
      // Node events are looked up by the name as uid, for want of the real one at start.
      regarding: { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: nodeName },
      type: 'Normal',
      reason,
      message: `Node ${nodeName} status is now: ${reason}`,
    });
  }

  return {
    insist() {
      mustWrite = true;
    },
    async run({ signal }) {
      const startedAt = clock.now().getTime();
      while (!signal.aborted) {
        let intervalMs = computeIntervalMs;
        try {
          await reportOnce(signal);
          const isStarting = !isReady && clock.now().getTime() - startedAt < startingPeriodMs;
          if (isStarting) intervalMs = startingIntervalMs;
        } catch (error) {
          if (signal.aborted) return;
          mustWrite = true;
          logger.warn({ node: nodeName, error: (error as Error).message }, 'writing the node status failed');
        }
        await clock.sleep(intervalMs, { signal }).catch(() => undefined);
      }
    },
  };
}
