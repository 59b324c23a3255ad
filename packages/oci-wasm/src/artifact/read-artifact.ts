import type { AbortOptions } from '../content/target.ts';
import type { LayoutStore } from '../store/layout-store.ts';
import type { WasmArtifact } from './wasm-artifact.ts';

/** The artifact that a store has under a digest. Rejects with {@link OciError} `NOT_FOUND_LOCALLY`, `UNSUPPORTED_ARTIFACT`. */
export function readArtifact(
  _store: LayoutStore,
  _digest: string,
  _options?: AbortOptions,
): Promise<WasmArtifact> {
  return Promise.reject(new Error('not implemented'));
}

/** The binary of an artifact, verified, in memory. Rejects with {@link OciError} `NOT_FOUND_LOCALLY`, `DIGEST_MISMATCH`, `TRUNCATED`. */
export function readModuleBytes(
  _store: LayoutStore,
  _artifact: Pick<WasmArtifact, 'layer'>,
  _options?: AbortOptions,
): Promise<Uint8Array> {
  return Promise.reject(new Error('not implemented'));
}
