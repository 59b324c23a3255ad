import { openLayoutStore, type PulledArtifact, pullArtifact, readModuleBytes } from '@wasmlet/oci-wasm';
import type { Terminal } from '../commands/terminal.ts';
import { openScratchDirectory } from '../local/scratch-directory.ts';
import { openProgress } from './progress.ts';
import { openRegistryClient } from './registry-access.ts';

export interface FetchOptions {
  readonly insecureRegistries: readonly string[];
  readonly signal: AbortSignal;
}

export interface FetchedArtifact {
  readonly artifact: PulledArtifact;
  readonly bytes: Uint8Array;
}

/** Pulls an artifact into memory, verified; leaves nothing on disk. Rejects with `OciError`. */
export async function fetchArtifact(
  terminal: Terminal,
  reference: string,
  { insecureRegistries, signal }: FetchOptions,
): Promise<FetchedArtifact> {
  await using client = openRegistryClient(terminal, insecureRegistries);
  await using scratch = await openScratchDirectory();
  const store = await openLayoutStore(scratch.path);
  using progress = openProgress(terminal, `pulling ${reference}`);
  const artifact = await pullArtifact({
    from: client,
    to: store,
    reference,
    onProgress: progress.report,
    signal,
  });
  return { artifact, bytes: await readModuleBytes(store, artifact, { signal }) };
}
