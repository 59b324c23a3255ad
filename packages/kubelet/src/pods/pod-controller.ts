import type { Cluster } from '../cluster/cluster.ts';
import { createImagePuller } from '../containers/image-puller.ts';
import { type Clock, systemClock } from '../node/clock.ts';
import { type Logger, silentLogger } from '../node/logger.ts';
import type { NodeFacts } from '../node/node-facts.ts';
import type { AbortOptions, Health, Provider } from '../provider.ts';
import { isTerminal } from '../status/pod-phase.ts';
import type { Verdict } from '../status/pod-progress.ts';
import { createPodVolumes, type PodVolumes } from '../volumes/pod-volumes.ts';
import { aborted } from './aborted.ts';
import { type AdmissionNode, refusal } from './admission.ts';
import { createLoopHealth } from './loop-health.ts';
import { removeOrphanPods } from './orphan-pods.ts';
import type { PodSnapshot } from './pod-snapshot.ts';
import { type PodChange, podChanges } from './pod-source.ts';
import { createPodWorker, type PodWorker, type PodWorkerContext } from './pod-worker.ts';
import { type Pod, podIdentity } from './pod.ts';

export interface PodControllerOptions {
  readonly cluster: Cluster;
  readonly provider: Provider;
  /** Absolute path; pods live in its `pods/<uid>/`. */
  readonly dataDirectory: string;
  /** Read whenever it is needed, so that it may change. */
  readonly node: () => NodeFacts;
  /** Labels, taints and room of the node, read whenever a pod is admitted. */
  readonly admission: () => AdmissionNode;
  /** @default every kind of volume that the kubelet has, in the data directory */
  readonly volumes?: PodVolumes;
  /** Pulls that go on side by side. @default 16 */
  readonly maxParallelPulls?: number;
  /** Longest grace of a container when the daemon stops, in milliseconds. @default 10_000 */
  readonly shutdownGraceMs?: number;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** @default silent */
  readonly logger?: Logger;
}

/** Runs the pods that are bound to this node. */
export interface PodController {
  /**
   * Works until `signal` aborts; then stops the guests, leaves their pods non-terminal, writes the last
   * statuses and resolves. Rejects when the feed of pods fails, after the same. To be called once.
   */
  run(options: Required<AbortOptions>): Promise<void>;
  snapshot(): readonly PodSnapshot[];
  /** The pod of this name; of two, the one that came later. */
  find(namespace: string, name: string): PodSnapshot | undefined;
  /** Whether changes of pods are taken in as they come. */
  health(): Health;
}

/** How long the last statuses may take after the last container has ended. */
const lastWritesMs = 5_000;
/** Upstream's pause after a pod could not be synced (`backOffPeriod`). */
const syncRetryMs = 10_000;

export function createPodController(options: PodControllerOptions): PodController {
  const { cluster, provider, dataDirectory, clock = systemClock, logger = silentLogger } = options;
  const { shutdownGraceMs = 10_000, maxParallelPulls } = options;
  const workers = new Map<string, PodWorker>();
  const lives = new Set<Promise<void>>();
  const end = new AbortController();
  const loop = createLoopHealth(clock);
  const context: PodWorkerContext = {
    ...options,
    clock,
    logger,
    volumes:
      options.volumes ??
      createPodVolumes({ ...options, objects: cluster.objects, tokens: cluster.tokens, clock, logger }),
    puller: createImagePuller(
      provider,
      maxParallelPulls === undefined ? {} : { maxParallel: maxParallelPulls },
    ),
    runtimeName: provider.describe().runtimeName,
    signal: end.signal,
  };

  return {
    async run({ signal }) {
      try {
        for await (const change of podChanges(cluster.pods, signal)) {
          await loop.turn(() => take(change, signal));
        }
      } finally {
        await suspendAll();
      }
    },
    snapshot: () => [...workers.values()].map((worker) => worker.snapshot()),
    find(namespace, name) {
      const named = ({ pod: { metadata } }: PodWorker) =>
        metadata.namespace === namespace && metadata.name === name;
      return [...workers.values()].findLast(named)?.snapshot();
    },
    health: () => loop.health(),
  };

  async function take(change: PodChange, signal: AbortSignal): Promise<void> {
    switch (change.type) {
      case 'listed':
        await removeOrphanPods(
          dataDirectory,
          new Set(change.pods.map(({ metadata }) => metadata.uid)),
          logger,
        );
        for (const pod of change.pods) begin(pod, signal);
        break;
      case 'changed': {
        const worker = workers.get(change.pod.metadata.uid);
        if (worker === undefined) begin(change.pod, signal);
        else worker.update(change.pod);
        break;
      }
      case 'gone':
        workers.get(change.uid)?.vanish();
        break;
      default:
        change satisfies never;
    }
  }

  function begin(pod: Pod, signal: AbortSignal): void {
    const { uid } = pod.metadata;
    const worker = createPodWorker(pod, context, admit(pod));
    workers.set(uid, worker);
    const life = live(worker, signal).finally(() => {
      lives.delete(life);
      if (workers.get(uid) === worker) workers.delete(uid);
    });
    lives.add(life);
  }

  /** A pod whose worker fails starts over from its records. */
  async function live(worker: PodWorker, signal: AbortSignal): Promise<void> {
    try {
      await worker.run();
    } catch (error) {
      const { pod } = worker;
      logger.error({ ...podIdentity(pod), error }, 'a pod could not be synced and starts over');
      await clock.sleep(syncRetryMs, { signal }).catch(() => undefined);
      if (!signal.aborted && !worker.isGone) begin(worker.pod, signal);
    }
  }

  function admit(pod: Pod): Verdict | undefined {
    if (isTerminal(pod.status?.phase) || pod.metadata.deletionTimestamp !== undefined) return undefined;
    const others = [...workers.values()]
      .filter((worker) => worker.isActive && worker.pod.metadata.uid !== pod.metadata.uid)
      .map((worker) => worker.pod);
    return refusal(pod, { node: { ...options.node(), ...options.admission() }, others });
  }

  async function suspendAll(): Promise<void> {
    for (const worker of workers.values()) worker.suspend(shutdownGraceMs);
    const done = new AbortController();
    const limit = clock
      .sleep(shutdownGraceMs + lastWritesMs, { signal: done.signal })
      .then(() => end.abort())
      .catch(() => undefined);
    await Promise.race([Promise.all(lives), aborted(end.signal)]);
    done.abort();
    await limit;
    end.abort();
  }
}
