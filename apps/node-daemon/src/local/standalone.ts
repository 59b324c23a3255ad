import { mkdir } from 'node:fs/promises';
import {
  createKubelet,
  createMemoryCluster,
  type KubeEvent,
  type Kubelet,
  type Logger,
  type Pod,
  type Manifest as ClusterManifest,
} from '@wasmlet/kubelet';
import type { Provider } from '@wasmlet/kubelet/provider';
import type { Manifest } from './manifests.ts';
import { podsOf } from './workloads.ts';

export interface StandaloneOptions {
  readonly nodeName: string;
  readonly dataDirectory: string;
  /** Disposed with the node. */
  readonly provider: Provider;
  readonly logger: Logger;
  /** @default loopback */
  readonly addresses?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly maxPods?: number;
  /** Of `/healthz` on loopback. Absent: none. */
  readonly healthzPort?: number;
}

/** A node without an API server: its cluster lives in this process. Disposing it stops the guests. */
export interface Standalone extends AsyncDisposable {
  readonly kubelet: Kubelet;
  readonly dataDirectory: string;
  /** Creates or replaces what a manifest describes; returns the pods that came of it. */
  apply(manifest: Manifest): readonly PodName[];
  delete(pod: PodName): void;
  pods(): readonly Pod[];
  onChange(observer: () => void): () => void;
  onEvent(observer: (event: KubeEvent) => void): () => void;
  /** Rejects when the kubelet itself fails. */
  readonly stopped: Promise<void>;
}

export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

export async function startStandalone(options: StandaloneOptions): Promise<Standalone> {
  const { nodeName, dataDirectory, provider, logger, maxPods, healthzPort } = options;
  const { addresses = ['127.0.0.1'], labels = {} } = options;
  await mkdir(dataDirectory, { recursive: true });
  const cluster = createMemoryCluster({ nodeName });
  const kubelet = createKubelet({
    nodeName,
    cluster,
    provider,
    dataDirectory,
    logger,
    node: { addresses, labels, ...(maxPods === undefined ? {} : { maxPods }) },
    ...(healthzPort === undefined ? {} : { healthz: { port: healthzPort } }),
  });
  const controller = new AbortController();
  const stopped = kubelet.run({ signal: controller.signal });
  let failed = false;
  stopped.catch(() => {
    failed = !controller.signal.aborted; // whoever waits for it hears of it
  });
  return {
    kubelet,
    dataDirectory,
    stopped,
    apply(manifest) {
      const pods = podsOf(manifest);
      if (manifest.kind === 'ConfigMap' || manifest.kind === 'Secret') {
        cluster.apply(manifest);
      }
      for (const pod of pods) cluster.apply(tolerateTaints(pod));
      return pods.map(({ metadata: { namespace, name } }) => ({ namespace, name }));
    },
    delete: (pod) => cluster.delete(pod),
    pods: () => cluster.list('Pod'),
    onChange: (observer) => cluster.onChange(observer),
    onEvent: (observer) => cluster.onEvent(observer),
    async [Symbol.asyncDispose]() {
      controller.abort();
      try {
        await stopped;
      } catch (error) {
        if (!failed) throw error;
      } finally {
        await provider[Symbol.asyncDispose]();
      }
    },
  };
}

/** There is only this node, so every pod of a manifest is meant for it. */
function tolerateTaints(pod: Manifest): ClusterManifest {
  return {
    ...pod,
    spec: { ...pod.spec, tolerations: [{ operator: 'Exists' }] },
  } as unknown as ClusterManifest;
}
