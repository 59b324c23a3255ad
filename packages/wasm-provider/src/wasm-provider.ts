import type { PodIdentity, Provider } from '@wasmlet/kubelet/provider';
import type { RuntimeOptions, WasmRuntime } from '@wasmlet/wasm-runtime';

export interface WasmProviderOptions {
  /** Where images are kept (an OCI image layout); made when absent. */
  readonly contentDirectory: string;
  /** Of the node, for `nodeInfo.containerRuntimeVersion`. */
  readonly version: string;
  /** Runs the guests; the provider then leaves closing it to its owner. @default one of its own */
  readonly runtime?: WasmRuntime;
  /** For the runtime of its own. */
  readonly sandboxUsers?: RuntimeOptions['sandboxUsers'];
  /** For the runtime of its own: guest hosts that wait for the next guest. @default 1 */
  readonly idleGuestHosts?: number;
  /** Registries (`host[:port]`) spoken to with unverified TLS or over plain http. @default none */
  readonly insecureRegistries?: readonly string[];
  /** Ranges and hosts that are not public and that pods may reach when their allow-list names them. @default none */
  readonly egressGrants?: readonly string[];
  /** Take images of the form `fs/PATH` from this machine. @default false */
  readonly allowLocalModules?: boolean;
  /** @default silent */
  readonly logger?: ProviderLogger;
  /** Told of connections that were denied, besides the log. */
  readonly onEgressDenied?: (denial: EgressDenial) => void;
}

/** What the provider uses of pino. */
export interface ProviderLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface EgressDenial {
  readonly pod: PodIdentity;
  readonly container: string;
  /** As the guest's host module reported it. */
  readonly report: unknown;
  /** Reports that came too fast and were left out before this one. */
  readonly dropped: number;
}

/** Runs WebAssembly from OCI registries as the containers of pods. */
export function createWasmProvider(_options: WasmProviderOptions): Provider {
  throw new Error('not implemented');
}
