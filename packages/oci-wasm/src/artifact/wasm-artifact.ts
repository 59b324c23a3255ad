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
  /** `os/architecture`, always `wasi/wasm`. */
  readonly platform: string;
  readonly config: Descriptor;
  readonly layer: Descriptor;
  /** Manifests, config and layer together. */
  readonly totalBytes: number;
}

interface FormatTypes {
  readonly config: string;
  readonly layer: string;
}

/** By what each format is recognised and written. */
export const formatTypes: Readonly<Record<ArtifactFormat, FormatTypes>> = {
  'wasm-to-oci': {
    config: 'application/vnd.wasm.config.v1+json',
    layer: 'application/vnd.wasm.content.layer.v1+wasm',
  },
  cncf: {
    config: 'application/vnd.wasm.config.v0+json',
    layer: 'application/wasm',
  },
};

export const wasmPlatform = 'wasi/wasm';
