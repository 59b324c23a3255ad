/**
 * The contract between the kubelet and whatever runs its containers, at the height at which CRI draws it:
 * a provider pulls images and starts, stops and streams containers; everything that Kubernetes means by a
 * pod (restart policy, back-off, probes, volumes, env, status, events, deletion) stays in the kubelet.
 *
 * Specs are plain resolved data. They can be logged, compared and sent to another process. A power that a
 * provider lacks is an absent method. The identity of a pod is its uid, everywhere.
 *
 * @packageDocumentation
 */
import type { Duplex, Readable, Writable } from 'node:stream';

export interface AbortOptions {
  /** Ends the call early; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Pulls images and runs containers. Implemented once per kind of workload. */
export interface Provider extends AsyncDisposable {
  /** What the node should say of itself. Cheap, and the same answer each time. */
  describe(): NodeDescription;
  /** Whether containers can be run now. Gates the node's Ready condition and its lease. */
  health(options?: AbortOptions): Promise<Health>;
  /** Makes an image present; one call serves both "pull" and "is it here?" (see {@link ImagePull.policy}). */
  pullImage(image: ImagePull, options?: AbortOptions): Promise<PulledImage>;
  /** Opens what the containers of one pod share. Idempotent per uid within one provider's life. */
  openPod(pod: PodSandboxSpec, options?: AbortOptions): Promise<PodSandbox>;
  /** Resource use per pod. */
  stats?(options?: AbortOptions): Promise<readonly PodStats[]>;
}

/** What the containers of one pod share. Disposing it kills what still runs and frees everything. */
export interface PodSandbox extends AsyncDisposable {
  /** Addresses of the pod's own; empty while pods use the node's. */
  readonly ips: readonly string[];
  /** Starts one container of an image that {@link Provider.pullImage} has made present. */
  startContainer(spec: ContainerSpec, options?: AbortOptions): Promise<Container>;
  /** Connects to a port inside the pod: port-forward and probes. */
  dial?(port: number, options?: AbortOptions): Promise<Duplex>;
}

/** One run of a container. A restart is another `Container` with another id. */
export interface Container {
  /** Unique over all runs on this node, without the `<runtime>://` prefix. */
  readonly id: string;
  readonly startedAt: Date;
  /** Settles when the run has ended and its last output is in the log. Never rejects. */
  readonly exited: Promise<ContainerExit>;
  /** Asks the container to end, then kills it when `graceMs` have passed. Idempotent. */
  stop(options: { readonly graceMs: number }): Promise<ContainerExit>;
  exec?(spec: ExecSpec): Promise<ExecSession>;
  attach?(io: StreamIo): Promise<void>;
  resize?(resources: ContainerResources): Promise<void>;
}

export interface NodeDescription {
  /** Value of the `kubernetes.io/arch` label, e.g. `wasm32-wasi`. */
  readonly arch: string;
  /** Value of the `kubernetes.io/os` label, e.g. `wasi`. */
  readonly os: string;
  /** `status.nodeInfo.architecture`, e.g. `wasm-wasi`. */
  readonly architecture: string;
  /** Scheme of container ids and of `nodeInfo.containerRuntimeVersion`, e.g. `wasmlet`. */
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  /** RuntimeClass handlers besides the default one. */
  readonly handlers: readonly string[];
  /** Platforms that its images have, most wanted first, e.g. `wasi/wasm`: for messages. */
  readonly platforms: readonly string[];
}

export type Health = { readonly healthy: true } | { readonly healthy: false; readonly message: string };

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

export interface RegistryCredential {
  /** Where the credential comes from, for messages: `secret default/regcred`. Never a secret value. */
  readonly source: string;
  readonly username?: string;
  readonly password?: string;
  /** OAuth2 refresh token (docker's `identitytoken`). */
  readonly identityToken?: string;
  /** Bearer token to send as it is. */
  readonly registryToken?: string;
}

export interface ImagePull {
  readonly reference: string;
  readonly policy: PullPolicy;
  /**
   * Credentials that match the reference, tried in order; anonymous is tried when none works. With
   * `IfNotPresent`, a private image that is here already is only given out to a pull whose credentials
   * can read it (upstream: KubeletEnsureSecretPulledImages).
   */
  readonly credentials: readonly RegistryCredential[];
}

export interface PulledImage {
  /** The reference as asked for. */
  readonly reference: string;
  /** `repository@sha256:…`, for `containerStatuses[].imageID`. */
  readonly imageId: string;
  /** Digest of the manifest: the identity under which the image is started. */
  readonly digest: string;
  /** Size of its content in bytes. */
  readonly sizeBytes: number;
  /** `os/architecture` of what was chosen, e.g. `wasi/wasm`. */
  readonly platform: string;
  /** False when it was here already and nothing was transferred. */
  readonly pulled: boolean;
  readonly durationMs: number;
}

/** Why a provider call failed, in words that the kubelet maps to container reasons. */
export type ProviderErrorCode =
  /** `InvalidImageName` */
  | 'INVALID_IMAGE_NAME'
  /** `ErrImageNeverPull`: policy is Never and the image is absent. */
  | 'IMAGE_NEVER_PULL'
  /** `ErrImagePull`: the registry refused, has no such image, or gave wrong bytes. */
  | 'IMAGE_PULL'
  /** `RegistryUnavailable`: the registry cannot be reached. */
  | 'REGISTRY_UNAVAILABLE'
  /** `SignatureValidationFailed`: the image is not signed as the node demands it. */
  | 'SIGNATURE_VALIDATION'
  /** `CreateContainerConfigError`: the pod asks for something impossible (bad annotation). */
  | 'CONTAINER_CONFIG'
  /** `CreateContainerError`: the image cannot be run here (a component without a command, an unknown import). */
  | 'CONTAINER_CREATE'
  /** `RunContainerError` / `StartError` (128): it could be created but not started. */
  | 'CONTAINER_START'
  /** Anything else; retried. */
  | 'INTERNAL';

/** The one error that provider calls reject with, besides an abort's reason. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly code: ProviderErrorCode;
  constructor(code: ProviderErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface PodSandboxSpec extends PodIdentity {
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly hostname: string;
  /** `spec.runtimeClassName`'s handler, or empty for the default. */
  readonly runtimeHandler: string;
  /** Directory that holds the pod's volumes; absolute. A provider may change its ownership. */
  readonly directory: string;
}

export interface ContainerSpec {
  readonly name: string;
  /** Number of this run, from 0. */
  readonly attempt: number;
  readonly image: PulledImage;
  /** The pod's `command`, expanded; absent when the pod has none. */
  readonly command?: readonly string[];
  /** The pod's `args`, expanded; absent when the pod has none. */
  readonly args?: readonly string[];
  /** In the order in which the pod wrote them. */
  readonly env: readonly EnvEntry[];
  readonly workingDir?: string;
  readonly mounts: readonly ContainerMount[];
  /**
   * File into which the container may write why it ends (`terminationMessagePath`); read when the run has ended. A provider
   * mounts it like the others, and leaves it out where it cannot mount a file.
   */
  readonly terminationLog?: ContainerMount;
  readonly ports: readonly ContainerPort[];
  readonly resources: ContainerResources;
  readonly stdin: boolean;
  readonly tty: boolean;
  /** File to which the run's output goes in CRI format; its directory exists. */
  readonly logPath: string;
}

export interface EnvEntry {
  readonly name: string;
  readonly value: string;
}

export interface ContainerMount {
  /** Absolute path of a directory or file on this machine. */
  readonly hostPath: string;
  /**
   * Absolute path of a directory that the mount must not lead out of. A provider opens each name of `hostPath`
   * below it without following links, and refuses the mount where it finds one: a container that runs already
   * may put links into volumes at any time. Links on the way to the root itself are the operator's. The kubelet
   * sets it for every mount; absent, `hostPath` is trusted as it is.
   */
  readonly root?: string;
  /** Absolute path at which the guest sees it. */
  readonly containerPath: string;
  readonly readOnly: boolean;
}

export interface ContainerPort {
  readonly name?: string;
  readonly containerPort: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

export interface ContainerResources {
  /** `limits.memory` in bytes; absent for no limit. */
  readonly memoryLimitBytes?: number;
  /** `limits.cpu` in cores. */
  readonly cpuLimit?: number;
  /** `requests.cpu` in cores. */
  readonly cpuRequest?: number;
}

/** How a run ended, ready for `containerStatuses[].state.terminated`. */
export interface ContainerExit {
  /** 0–255: the guest's own code, 134 trap, 137 killed or out of memory, 143 stopped, 128 not started. */
  readonly exitCode: number;
  readonly reason: 'Completed' | 'Error' | 'OOMKilled' | 'StartError';
  /** For people: the trap with its message. Empty when the code says it all. */
  readonly message?: string;
  readonly finishedAt: Date;
}

export interface PodStats {
  readonly pod: PodIdentity;
  readonly containers: readonly ContainerStats[];
}

export interface ContainerStats {
  readonly name: string;
  readonly startedAt: Date;
  readonly cpuUsageSeconds: number;
  readonly memoryBytes: number;
}

export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

export interface StreamIo {
  readonly stdin?: Readable;
  readonly stdout?: Writable;
  readonly stderr?: Writable;
  readonly tty: boolean;
  readonly resize?: AsyncIterable<TerminalSize>;
  readonly signal: AbortSignal;
}

export interface ExecSpec {
  readonly command: readonly string[];
  readonly io: StreamIo;
}

export interface ExecSession {
  readonly exited: Promise<ContainerExit>;
}
