import { createEgressGuard } from '@wasmlet/egress';
import {
  type NodeDescription,
  type PodIdentity,
  type PodSandbox,
  type PodSandboxSpec,
  type Provider,
  ProviderError,
} from '@wasmlet/kubelet/provider';
import {
  createRegistryClient,
  type CredentialSource,
  type ProxyOptions,
  type RegistryHosts,
  type SignaturePolicy,
} from '@wasmlet/oci-wasm';
import { experimentalHttpUrl, incomingHandlerUrl, outgoingHttpUrl } from '@wasmlet/wasi-http';
import { createRuntime, type RuntimeOptions, type WasmRuntime } from '@wasmlet/wasm-runtime';
import { providerFailure } from './error-mapping.ts';
import { type ImageCollectionOptions, startImageCollector } from './images/image-collector.ts';
import { createImageSource } from './images/image-source.ts';
import type { OperatorEgress } from './http-policy.ts';
import { createLiveGuests } from './live-guests.ts';
import { openPodSandbox, type PodIsolation } from './pod-sandbox.ts';
import { type ProviderLogger, silentLogger } from './provider-logger.ts';

export interface WasmProviderOptions {
  /** Where images are kept (an OCI image layout); made when absent. */
  readonly contentDirectory: string;
  /** Of the node, for `nodeInfo.containerRuntimeVersion`. */
  readonly version: string;
  /**
   * Runs the guests, and knows the host modules of `@wasmlet/wasi-http`; closing it is left to its owner.
   *
   * @default one of the provider's own
   */
  readonly runtime?: WasmRuntime;
  /** For the runtime of its own. */
  readonly sandboxUsers?: RuntimeOptions['sandboxUsers'];
  /**
   * Ways in which pods' guests may be kept apart, by the handlers `wasm-process` and `wasm-thread`. The first is the one
   * of `wasm` and of pods without a handler. Guests in threads share a process with those of their namespace.
   *
   * @default ['process']
   */
  readonly isolation?: readonly PodIsolation[];
  /** For the runtime of its own: guest hosts that wait for the next guest. @default 1 */
  readonly idleGuestHosts?: number;
  /** Registries (`host[:port]`) spoken to with unverified TLS or over plain http. @default none */
  readonly insecureRegistries?: readonly string[];
  /**
   * Credentials of the node's own, such as those of the kubelet's plug-ins (`credentialProviderPlugins`): tried after
   * the pod's. An image that was read with them may be used by every pod. @default none
   */
  readonly credentials?: CredentialSource;
  /** Mirrors and certificates of registries: `await registryHosts({ directory })`. @default none */
  readonly registryHosts?: RegistryHosts;
  /** Proxies on the way to registries. @default none */
  readonly proxy?: ProxyOptions;
  /**
   * Ranges and hosts that are not public and that pods may reach when their allow-list names them, and registries
   * send their clients to. @default none
   */
  readonly egressGrants?: readonly string[];
  /** What pods' allow-lists are held to, written as they are: `*.example.com`, `https://example.com:8443`. @default any host */
  readonly egressCeiling?: readonly string[];
  /**
   * Ranges, addresses and hosts of the cluster's own, each with or without `:port`, which need a grant of their own whatever wider range is granted and though
   * they may be public: of Services, of pods, the API server. @default none
   */
  readonly egressGuarded?: readonly string[];
  /** Address of this machine that servers of pods listen on, for pods have none of their own. @default '127.0.0.1' */
  readonly podAddress?: string;
  /** Take images of the form `fs/PATH` from this machine. @default false */
  readonly allowLocalModules?: boolean;
  /**
   * Which images have to be signed, and by whom: `await readSignaturePolicy(file)`. It is for those that are in the store
   * already as well; files of this machine (`allowLocalModules`) bear no signatures and are not asked for any.
   *
   * @default none has to be
   */
  readonly signaturePolicy?: SignaturePolicy;
  /** When images that no pod uses are removed; `false`: never. @default as the kubelet does */
  readonly imageCollection?: ImageCollectionOptions | false;
  /** @default silent */
  readonly logger?: ProviderLogger;
  /** Told of connections that were denied, besides the log. */
  readonly onEgressDenied?: (denial: EgressDenial) => void;
}

export interface EgressDenial {
  readonly pod: PodIdentity;
  readonly container: string;
  /** As the guest's host module has told it. */
  readonly report: unknown;
  /** Reports that came too fast and were left out before this one. */
  readonly dropped: number;
  /** Denials of the pod's containers by now, with this one and those left out: for metrics. */
  readonly total: number;
}

/**
 * Runs WebAssembly from OCI registries as the containers of pods. Its store is opened with the first pull; its
 * processes start with it. Disposing it kills every guest.
 *
 * @throws `EgressError` for grants, a ceiling or guarded ranges that cannot be read.
 */
export function createWasmProvider(options: WasmProviderOptions): Provider {
  const { logger = silentLogger, egressGrants = [], onEgressDenied = () => {} } = options;
  const { credentials, registryHosts: hosts, proxy } = options;
  const egress = operatorEgress(options);
  const client = createRegistryClient({
    userAgent: `wasmlet/${options.version}`,
    insecureRegistries: options.insecureRegistries ?? [],
    grants: egressGrants,
    // The kubelet backs off by itself, and shows why.
    retry: { maxPauseMs: 10_000 },
    ...(credentials === undefined ? {} : { credentials }),
    ...(hosts === undefined ? {} : { hosts }),
    ...(proxy === undefined ? {} : { proxy }),
  });
  const images = createImageSource({
    client,
    directory: options.contentDirectory,
    credentials,
    allowLocalModules: options.allowLocalModules ?? false,
    signaturePolicy: options.signaturePolicy,
    logger,
  });
  const runtime = options.runtime ?? ownRuntime(options);
  const collector =
    options.imageCollection === false
      ? undefined
      : startImageCollector({
          ...options.imageCollection,
          directory: options.contentDirectory,
          store: images.store,
          logger,
          // Nothing else is in the store about an image, and these are bounded.
          keepReferrers: options.signaturePolicy !== undefined,
        });
  const handlers = handlersOf(options.isolation ?? ['process']);
  const pods = new Map<string, Promise<PodSandbox>>();
  const live = createLiveGuests();

  return {
    describe: () => ({
      ...description,
      handlers: [...handlers.keys()].filter((name) => name !== ''),
      runtimeVersion: options.version,
    }),

    async health() {
      try {
        await images.store();
        return { healthy: true };
      } catch (error) {
        return { healthy: false, message: (error as Error).message };
      }
    },

    pullImage: (image, { signal } = {}) => images.pull(image, signal),

    async openPod(spec, { signal } = {}) {
      signal?.throwIfAborted();
      const isolation = isolationOf(spec, handlers);
      const open = pods.get(spec.uid);
      if (open !== undefined) return open;
      let total = 0;
      const opening = openPodSandbox(spec, {
        runtime,
        images,
        live,
        isolation,
        address: options.podAddress ?? '127.0.0.1',
        egress,
        onReport(container, { report, dropped }) {
          const { namespace, name, uid } = spec;
          total += 1 + dropped;
          logger.warn(
            { pod: name, namespace, uid, container, report, dropped },
            'a guest was denied a connection',
          );
          onEgressDenied({ pod: { namespace, name, uid }, container, report, dropped, total });
        },
        onClose: () => void pods.delete(spec.uid),
      });
      pods.set(spec.uid, opening);
      try {
        return await opening;
      } catch (error) {
        pods.delete(spec.uid);
        throw providerFailure(error);
      }
    },

    stats: () => live.stats(),

    async [Symbol.asyncDispose]() {
      const open = (await Promise.allSettled(pods.values())).flatMap((pod) =>
        pod.status === 'fulfilled' ? [pod.value] : [],
      );
      const own = collector === undefined ? [client] : [collector, client];
      const parts = options.runtime === undefined ? [...open, runtime, ...own] : [...open, ...own];
      const ends = await Promise.allSettled(parts.map((part) => part[Symbol.asyncDispose]()));
      const failures = ends.filter((end) => end.status === 'rejected');
      if (failures.length > 0) {
        throw new AggregateError(
          failures.map(({ reason }): unknown => reason),
          'the provider did not close cleanly',
        );
      }
    },
  };
}

function operatorEgress({
  egressGrants = [],
  egressCeiling,
  egressGuarded,
}: WasmProviderOptions): OperatorEgress {
  const egress: OperatorEgress = {
    grants: egressGrants,
    ...(egressCeiling === undefined ? {} : { ceiling: egressCeiling }),
    ...(egressGuarded === undefined ? {} : { guarded: egressGuarded }),
  };
  createEgressGuard({ ...egress, allowedHosts: [] });
  return egress;
}

const description: Omit<NodeDescription, 'runtimeVersion' | 'handlers'> = {
  arch: 'wasm32-wasi',
  os: 'wasi',
  architecture: 'wasm-wasi',
  runtimeName: 'wasmlet',
  platforms: ['wasi/wasm'],
};

/** RuntimeClass handlers and what they stand for; the empty one is that of pods without one. */
function handlersOf(allowed: readonly PodIsolation[]): ReadonlyMap<string, PodIsolation> {
  const [first] = allowed;
  if (first === undefined) throw new RangeError('isolation names at least one way to keep guests apart');
  return new Map([['', first], ['wasm', first], ...allowed.map((word) => [`wasm-${word}`, word] as const)]);
}

function isolationOf(
  { runtimeHandler }: PodSandboxSpec,
  handlers: ReadonlyMap<string, PodIsolation>,
): PodIsolation {
  const isolation = handlers.get(runtimeHandler);
  if (isolation !== undefined) return isolation;
  const names = [...handlers.keys()].filter((name) => name !== '').join(' and ');
  throw new ProviderError(
    'CONTAINER_CONFIG',
    `no runtime for "${runtimeHandler}" is configured; this node has ${names}`,
  );
}

function ownRuntime({ sandboxUsers, idleGuestHosts, isolation }: WasmProviderOptions): WasmRuntime {
  return createRuntime({
    hostModules: [experimentalHttpUrl, outgoingHttpUrl, incomingHandlerUrl],
    allowedIsolation: isolation ?? ['process'],
    ...(sandboxUsers === undefined ? {} : { sandboxUsers }),
    ...(idleGuestHosts === undefined ? {} : { pool: { idle: idleGuestHosts } }),
  });
}
