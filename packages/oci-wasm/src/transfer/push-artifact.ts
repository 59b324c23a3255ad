import type { AbortOptions } from '../content/target.ts';
import type { Credential } from '../credentials/credential.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import type { Reference } from '../reference.ts';
import type { ArtifactFormat, WasmArtifact } from '../artifact/wasm-artifact.ts';
import type { Progress } from './pull-artifact.ts';

export interface PushOptions extends AbortOptions {
  readonly to: RegistryClient;
  readonly reference: string | Reference;
  /** The binary, or the path of a file with it. */
  readonly module: Uint8Array | string;
  /** @default 'wasm-to-oci' */
  readonly format?: ArtifactFormat;
  /** Of the layer: `org.opencontainers.image.title`. @default the path as given, else `module.wasm` */
  readonly title?: string;
  /** Of the manifest. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** CNCF format: when the artifact was made (SOURCE_DATE_EPOCH, for reproducible pushes). @default now */
  readonly created?: Date;
  readonly credentials?: readonly Credential[];
  readonly onProgress?: (progress: Progress) => void;
}

export interface PushedArtifact extends WasmArtifact {
  readonly reference: Reference;
  /** False when the registry had all of it already. */
  readonly transferred: boolean;
}

/** Makes a wasm artifact of a binary and copies it to its registry. Rejects with {@link OciError}. */
export function pushArtifact(_options: PushOptions): Promise<PushedArtifact> {
  return Promise.reject(new Error('not implemented'));
}
