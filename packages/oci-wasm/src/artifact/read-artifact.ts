import type { AbortOptions } from '../content/target.ts';
import { collect } from '../content/verified.ts';
import { OciError } from '../errors.ts';
import type { LayoutStore } from '../store/layout-store.ts';
import { readWasmArtifact } from './read-wasm-artifact.ts';
import type { WasmArtifact } from './wasm-artifact.ts';

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

/** The binary of an artifact, verified, in memory. Rejects with {@link OciError} `NOT_FOUND_LOCALLY`, `DIGEST_MISMATCH`, `TRUNCATED`. */
export function readModuleBytes(
  store: LayoutStore,
  { layer }: Pick<WasmArtifact, 'layer'>,
  options: AbortOptions = {},
): Promise<Uint8Array> {
  return collect(
    store.read(layer, options),
    layer.size,
    () =>
      new OciError(
        'SIZE_MISMATCH',
        `${layer.digest} in the store ${store.directory} is longer than it should be`,
      ),
  );
}
