import type { V1Taint } from '@kubernetes/client-node';
import { createKubeletServer, type KubeletServer } from '../api/server.ts';
import { createHealthzServer } from '../api/healthz-server.ts';
import { createPodController } from '../pods/pod-controller.ts';
import type { PodSnapshot } from '../pods/pod-snapshot.ts';
import type { AbortOptions } from '../provider.ts';
import { createPodVolumes } from '../volumes/pod-volumes.ts';
import { systemClock } from './clock.ts';
import { silentLogger } from './logger.ts';
import type { KubeletOptions } from './kubelet-options.ts';
import { systemMachine } from './machine.ts';
import { createNodeKeeper, type NodeKeeper } from './node-keeper.ts';
import type { NodeFacts } from './node-facts.ts';
import { nodeLabels } from './node-labels.ts';
import { allocatable, isLoopback, type NodeIngredients } from './node-object.ts';

/** One Kubernetes node. */
export interface Kubelet {
  /**
   * Registers the node, runs its pods and serves its API until `signal` aborts; then stops the guests,
   * leaves their pods non-terminal, writes the last statuses and resolves. To be called once.
   *
   * Rejects with `ApiError` when it cannot listen, with `ClusterError` `Invalid` when the API server does not
   * accept the node, and with what else made it stop; an API server that is away is waited for.
   */
  run(options: Required<AbortOptions>): Promise<void>;
  /** Settles when the node has been reported Ready for the first time. */
  readonly ready: Promise<void>;
  pods(): readonly PodSnapshot[];
}

export function createKubelet(options: KubeletOptions): Kubelet {
  const { nodeName, cluster, provider, dataDirectory, node, server, healthz } = options;
  const { clock = systemClock, logger = silentLogger, random = Math.random } = options;
  const { machine = systemMachine(dataDirectory) } = options;
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => undefined);
  let started: { readonly keeper: NodeKeeper; readonly ingredients: NodeIngredients } | undefined;

  const facts = (): NodeFacts => ({
    nodeName,
    hostIPs: node.addresses,
    allocatable: allocatable(running().ingredients.machine),
  });
  const { objects, tokens } = cluster;
  const controller = createPodController({
    ...options,
    node: facts,
    volumes: createPodVolumes({ ...options, objects, tokens, node: facts, clock, logger }),
    admission() {
      const { keeper, ingredients } = running();
      const known = keeper.known();
      return {
        labels: known?.metadata?.labels ?? ingredients.labels,
        taints: (known?.spec?.taints ?? ingredients.taints).filter((taint) => !isTransient(taint)),
        maxPods: ingredients.maxPods,
      };
    },
    clock,
    logger,
  });

  function running() {
    if (started === undefined) throw new Error('the kubelet is not running yet');
    return started;
  }

  async function start(): Promise<NodeKeeper> {
    const ingredients = await gather();
    const keeper = createNodeKeeper({ cluster, provider, machine, ingredients, clock, logger, random });
    started = { keeper, ingredients };
    return keeper;
  }

  async function gather(): Promise<NodeIngredients> {
    const description = provider.describe();
    const { addresses, hostname = nodeName, listHostname = false, labels: asked = {}, maxPods = 110 } = node;
    const { labels, dropped } = nodeLabels(description, hostname, asked);
    for (const { key, reason } of dropped) logger.warn({ label: key, reason }, 'label is not set');
    // Without an API of its own nobody has to reach the node.
    for (const address of server === undefined ? [] : addresses.filter(isLoopback)) {
      logger.warn({ address }, 'the node address is loopback: only this machine reaches the node');
    }
    const key = 'kubernetes.io/arch';
    const taints = node.taints ?? [
      { key, value: description.arch, effect: 'NoSchedule' },
      { key, value: description.arch, effect: 'NoExecute' },
    ];
    return {
      nodeName,
      description,
      machine: await machine.facts(),
      addresses,
      ...(listHostname ? { hostnameAddress: hostname } : {}),
      labels,
      taints,
      maxPods,
    };
  }

  const healthChecks = [
    { name: 'syncloop', check: () => controller.health() },
    { name: 'runtime', check: () => provider.health() },
  ];

  async function serve(opened: AsyncDisposableStack): Promise<KubeletServer | undefined> {
    if (healthz !== undefined) opened.use(await createHealthzServer({ ...healthz, healthChecks }));
    if (server === undefined) return undefined;
    const { tls, ...listener } = server;
    const listening = opened.use(
      await createKubeletServer({
        ...listener,
        nodeName,
        tls: tls.current(),
        authorizer: cluster.authorizer,
        backend: {
          dataDirectory,
          snapshot: () => controller.snapshot(),
          find: (namespace, name) => controller.find(namespace, name),
        },
        healthChecks,
        clock,
        logger,
      }),
    );
    opened.defer(tls.subscribe((next) => listening.setTls(next)));
    return listening;
  }

  /** Start: servers, node, pods, heartbeat. Stop: servers, pods, heartbeat. */
  async function live(signal: AbortSignal): Promise<void> {
    const keeper = await start();
    const failed = new AbortController();
    const failures: unknown[] = [];
    const fail = (error: unknown): void => {
      failures.push(error);
      failed.abort();
    };
    const stop = AbortSignal.any([signal, failed.signal]);
    const heartbeat = new AbortController();
    const opened = new AsyncDisposableStack();
    let pods = Promise.resolve();
    let beating = Promise.resolve();
    try {
      // A port that is taken is to be noticed before anybody counts on the node.
      const listening = await serve(opened);
      await keeper.register({ signal });
      cluster.events.record({
        regarding: { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: nodeName },
        type: 'Normal',
        reason: 'Starting',
        message: 'Starting kubelet.',
      });
      logger.info({ node: nodeName, port: listening?.port }, 'the node is up');
      pods = controller.run({ signal: stop }).catch(fail);
      beating = keeper.run({
        signal: heartbeat.signal,
        onReady: ready.resolve,
        ...(listening === undefined ? {} : { port: listening.port }),
      });
      await aborted(stop);
    } catch (error) {
      fail(error);
    }
    await opened.disposeAsync().catch(fail);
    await pods;
    heartbeat.abort();
    await beating.catch(fail);
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, 'the node stopped');
  }

  return {
    ready: ready.promise,
    pods: () => controller.snapshot(),
    async run({ signal }) {
      try {
        await live(signal);
      } catch (error) {
        ready.reject(error);
        // Stopped before it had registered: that is not a failure.
        if (!(signal.aborted && error === signal.reason)) throw error;
      }
      ready.reject(new Error('the node stopped before it was ready'));
    },
  };
}

/** Taints that the cluster puts on and takes off nodes by their conditions. */
function isTransient({ key }: V1Taint): boolean {
  return key.startsWith('node.kubernetes.io/');
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
