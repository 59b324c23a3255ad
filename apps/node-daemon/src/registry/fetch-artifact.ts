import {
  openLayoutStore,
  parseReference,
  type PulledArtifact,
  pullArtifact,
  readModuleBytes,
} from '@wasmlet/oci-wasm';
import type { RegistryFlags } from '../commands/registry-options.ts';
import type { Terminal } from '../commands/terminal.ts';
import { openScratchDirectory } from '../local/scratch-directory.ts';
import { showProgress } from './progress.ts';
import { openRegistryClient } from './registry-access.ts';

export interface FetchOptions {
  readonly flags: RegistryFlags;
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
  { flags, signal }: FetchOptions,
): Promise<FetchedArtifact> {
  await using client = await openRegistryClient(terminal, flags, [parseReference(reference).registry]);
  await using scratch = await openScratchDirectory();
  const store = await openLayoutStore(scratch.path);
  const artifact = await showProgress(terminal, `pulling ${reference}`, (onProgress) =>
    pullArtifact({
      from: client,
      to: store,
      reference,
      onProgress,
      signal,
    }),
  );
  return { artifact, bytes: await readModuleBytes(store, artifact, { signal }) };
}
