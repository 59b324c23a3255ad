import type { AbortOptions } from '../content/target.ts';
import { lent } from '../content/lent.ts';
import { collect } from '../content/verified.ts';
import { OciError } from '../errors.ts';
import type { LayoutStore } from '../store/layout-store.ts';
import { findProgramFile } from './program-file.ts';
import { readWasmArtifact } from './read-wasm-artifact.ts';
import type { CompatArtifact, LayerArtifact, WasmArtifact } from './wasm-artifact.ts';

/**
 * The artifact that a store has under a digest, of a manifest or of an index. Its module is not looked at.
 *
 * Rejects with {@link OciError} `NOT_FOUND_LOCALLY`, `UNSUPPORTED_ARTIFACT`.
 */
export async function readArtifact(
  store: LayoutStore,
  digest: string,
  options: AbortOptions = {},
): Promise<WasmArtifact> {
  const root = await store.resolveDigest(digest, options);
  const { artifact } = await readWasmArtifact(store, root, digest, options);
  return artifact;
}

/** Options of {@link readModuleBytes}. */
export interface ReadModuleOptions extends AbortOptions {
  /** Of an image that has its binary as a file: what is run in place of its entry point. @default the image's */
  readonly entry?: string;
}

/**
 * The binary of an artifact, verified, in memory.
 *
 * Rejects with {@link OciError} `NOT_FOUND_LOCALLY`, `DIGEST_MISMATCH`, `TRUNCATED`; where the binary is a file in
 * layers also `UNSUPPORTED_ARTIFACT` when there is no such file, `INVALID_LAYER`, `TOO_LARGE`.
 */
export async function readModuleBytes(
  store: LayoutStore,
  artifact: Pick<LayerArtifact, 'layer'> | Pick<CompatArtifact, 'digest' | 'layers' | 'program'>,
  options: ReadModuleOptions = {},
): Promise<Uint8Array> {
  if (!('layer' in artifact)) {
    const keepBytes = Number.POSITIVE_INFINITY;
    return (await findProgramFile(store, artifact, { ...options, keepBytes })).bytes;
  }
  const { layer } = artifact;
  return collect(
    lent(layer, store.read(layer, options)),
    layer.size,
    () =>
      new OciError(
        'SIZE_MISMATCH',
        `${layer.digest} in the store ${store.directory} is longer than it should be`,
      ),
  );
}
