import type { AbortOptions } from '../content/target.ts';
import type { Descriptor } from '../content/descriptor.ts';
import type { Credential } from '../credentials/credential.ts';
import type { Access, RegistryClient } from '../registry/registry-client.ts';
import type { Reference } from '../reference.ts';
import type { LayoutStore } from '../store/layout-store.ts';
import type { WasmArtifact } from '../artifact/wasm-artifact.ts';

export interface PullOptions extends AbortOptions {
  readonly from: RegistryClient;
  readonly to: LayoutStore;
  readonly reference: string | Reference;
  /** Tried in order, then anonymous access. @default what the client's credential source finds */
  readonly credentials?: readonly Credential[];
  readonly onProgress?: (progress: Progress) => void;
}

/** How far one blob has come. */
export interface Progress {
  readonly descriptor: Descriptor;
  readonly transferredBytes: number;
}

export interface PulledArtifact extends WasmArtifact {
  readonly reference: Reference;
  /** What the binary is, by its bytes. */
  readonly kind: 'module' | 'component' | 'wit-package';
  /** False when all of it was in the store already. */
  readonly transferred: boolean;
  /** As whom it was read. */
  readonly access: Access;
}

/** Copies a wasm artifact from its registry to a store, verified. Rejects with {@link OciError}. */
export function pullArtifact(_options: PullOptions): Promise<PulledArtifact> {
  return Promise.reject(new Error('not implemented'));
}
