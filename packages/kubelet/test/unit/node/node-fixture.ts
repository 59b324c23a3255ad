import type { V1Taint } from '@kubernetes/client-node';
import { expect } from 'vitest';
import type { ClusterError, KubeEvent, NodeRegistry } from '../../../src/cluster/cluster.ts';
import { createMemoryCluster, type MemoryCluster } from '../../../src/cluster/memory/memory-cluster.ts';
import { silentLogger } from '../../../src/node/logger.ts';
import type { MachineUsage } from '../../../src/node/machine.ts';
import { createNodeKeeper, type NodeKeeper } from '../../../src/node/node-keeper.ts';
import type { NodeIngredients } from '../../../src/node/node-object.ts';
import { createScriptedProvider, type ScriptedProvider, virtualClock } from '../../../src/testing.ts';

type Call = keyof NodeRegistry;

export interface NodeSetup extends AsyncDisposable {
  readonly cluster: MemoryCluster;
  readonly provider: ScriptedProvider;
  readonly time: ReturnType<typeof virtualClock>;
  readonly keeper: NodeKeeper;
  readonly events: readonly KubeEvent[];
  readonly warnings: readonly string[];
  readonly usage: { value: MachineUsage };
  /** Every call, with the second of its time. */
  readonly calls: readonly string[];
  /** What a call rejects with, in order; afterwards it works. */
  readonly faults: Partial<Record<Call, (ClusterError | undefined)[]>>;
  /** Registers the node, then keeps it. */
  start(): Promise<void>;
}

export const mebibyte = 1024 * 1024;
const plenty: MachineUsage = { freeMemoryBytes: 4_096 * mebibyte, freeStorageBytes: 50_000 * mebibyte };
export const archTaint: V1Taint = { key: 'kubernetes.io/arch', value: 'wasm32-test', effect: 'NoSchedule' };

/** A node's keeper with a cluster in memory whose calls can fail, and a machine of the test's own. */
export function setUpNode(options: Partial<NodeIngredients> & { readonly random?: number } = {}): NodeSetup {
  const { random = 0, ...ingredients } = options;
  const time = virtualClock();
  const { clock } = time;
  const cluster = createMemoryCluster({ nodeName: 'n1', clock });
  const provider = createScriptedProvider({ images: {}, clock });
  const events: KubeEvent[] = [];
  cluster.onEvent((event) => events.push(event));
  const usage = { value: plenty };
  const calls: string[] = [];
  const warnings: string[] = [];
  const faults: NodeSetup['faults'] = {};
  const startedAt = clock.now().getTime();
  const abort = new AbortController();
  let running = Promise.resolve();
  const machine = {
    cpuCores: 4,
    memoryBytes: 8_192 * mebibyte,
    storageBytes: 100_000 * mebibyte,
    machineId: 'm',
    systemUuid: 's',
    bootId: 'b',
    kernelVersion: '6.1.0',
    osImage: 'Test OS',
  };

  const nodes = new Proxy(cluster.nodes, {
    get(target, name: Call) {
      return async (...parameters: unknown[]): Promise<unknown> => {
        calls.push(`${(clock.now().getTime() - startedAt) / 1000} ${name}`);
        const fault = faults[name]?.shift();
        if (fault !== undefined) throw fault;
        return (target[name] as (...given: unknown[]) => Promise<unknown>)(...parameters);
      };
    },
  });
  const keeper = createNodeKeeper({
    cluster: { nodes, events: cluster.events },
    provider,
    machine: { facts: () => Promise.resolve(machine), usage: () => Promise.resolve(usage.value) },
    ingredients: {
      nodeName: 'n1',
      description: provider.describe(),
      machine,
      addresses: ['192.0.2.1'],
      labels: { 'kubernetes.io/hostname': 'n1', 'kubernetes.io/arch': 'wasm32-test' },
      taints: [archTaint],
      maxPods: 110,
      ...ingredients,
    },
    clock,
    logger: { ...silentLogger, warn: (_fields, message) => warnings.push(message) },
    random: () => random,
  });

  return {
    cluster,
    provider,
    time,
    keeper,
    events,
    warnings,
    usage,
    calls,
    faults,
    async start() {
      await keeper.register({ signal: abort.signal });
      running = keeper.run({ signal: abort.signal, port: 10_250, onReady: () => calls.push('ready') });
      await time.advance(0);
    },
    async [Symbol.asyncDispose]() {
      abort.abort();
      await running;
      await provider[Symbol.asyncDispose]();
      expect(time.sleeping).toBe(0);
    },
  };
}
