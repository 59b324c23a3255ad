import type { Descriptor } from '../content/descriptor.ts';

/** `wasm-to-oci` is Krustlet's; `cncf` is the CNCF Wasm artifact, version 0. */
export type ArtifactFormat = 'wasm-to-oci' | 'cncf';

/** An artifact with one WebAssembly binary in it. */
export interface WasmArtifact {
  /** Digest of what the reference names: a manifest, or an index that lists it. */
  readonly digest: string;
  /** Digest of the manifest itself. */
  readonly manifestDigest: string;
  readonly format: ArtifactFormat;
  /** Always `wasi/wasm`: what the artifact is for. */
  readonly platform: string;
  readonly config: Descriptor;
  readonly layer: Descriptor;
  /** Manifests, config and layer together. */
  readonly totalBytes: number;
}
