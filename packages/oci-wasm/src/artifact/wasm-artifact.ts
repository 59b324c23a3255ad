import type { Descriptor } from '../content/descriptor.ts';
import type { ImageProgram } from './image-config.ts';
import type { SpinApplication } from './spin-lock.ts';

/** Formats that are written. `wasm-to-oci` is Krustlet's; `cncf` is the CNCF Wasm artifact, version 0. */
export type ArtifactFormat = 'wasm-to-oci' | 'cncf';

/**
 * Formats that are read. Besides those that are written: `wasm-layer` is an image whose layer is the binary
 * (runwasi's), `wasmcloud` what wasmCloud pushed before there was a common format, `oras` a binary that was pushed
 * as a plain file, `spin` an application of Spin, `compat` an image for containers that has the binary as a file in
 * its layers (Docker's, crun's).
 */
export type WasmFormat = ArtifactFormat | 'wasm-layer' | 'wasmcloud' | 'oras' | 'spin' | 'compat';

/** An artifact with WebAssembly in it. */
export type WasmArtifact = LayerArtifact | ImageLayerArtifact | SpinArtifact | CompatArtifact;

/** The binary is a layer, and there is nothing that says how to run it. */
export interface LayerArtifact extends ArtifactFacts {
  readonly format: ArtifactFormat | 'wasmcloud' | 'oras';
  readonly layer: Descriptor;
}

/** The binary is a layer; arguments and environment are those of an image. */
export interface ImageLayerArtifact extends ArtifactFacts {
  readonly format: 'wasm-layer';
  readonly layer: Descriptor;
  readonly program: ImageProgram;
}

/** The binary of the application's one component is a layer. */
export interface SpinArtifact extends ArtifactFacts {
  readonly format: 'spin';
  readonly layer: Descriptor;
  readonly application: SpinApplication;
}

/** The binary is a file in the layers: the one that the entry point names. */
export interface CompatArtifact extends ArtifactFacts {
  readonly format: 'compat';
  readonly program: ImageProgram;
}

/** What is known of every artifact. */
export interface ArtifactFacts {
  /** Digest of what the reference names: a manifest, or an index that lists it. */
  readonly digest: string;
  /** Digest of the manifest itself. */
  readonly manifestDigest: string;
  /** Why it was taken for what it is, e.g. `its config is of type application/vnd.wasm.config.v0+json`. */
  readonly reason: string;
  /** `os/architecture` that it runs on, always `wasi/wasm`. */
  readonly platform: string;
  readonly config: Descriptor;
  /** All of them, the lowest first. */
  readonly layers: readonly Descriptor[];
  /** Manifests, config and layers together. */
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
