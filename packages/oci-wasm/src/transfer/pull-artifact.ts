import { type BinaryKind, binaryKind } from '../artifact/binary-kind.ts';
import type { WasmArtifact } from '../artifact/wasm-artifact.ts';
import type { AbortOptions } from '../content/target.ts';
import type { Credential } from '../credentials/credential.ts';
import { OciError } from '../errors.ts';
import { formatReference, parseReference, type Reference } from '../reference.ts';
import type { Access } from '../registry/authorized-sender.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import type { LayoutStore } from '../store/layout-store.ts';
import { copyArtifact } from './copy-artifact.ts';
import type { Progress } from './copy-content.ts';

export interface PullOptions extends AbortOptions {
  readonly from: RegistryClient;
  readonly to: LayoutStore;
  readonly reference: string | Reference;
  /** Tried in order, then anonymous access. @default what the client's credential source finds */
  readonly credentials?: readonly Credential[];
  /** Larger modules are not pulled. @default 256 MiB */
  readonly maxModuleBytes?: number;
  readonly onProgress?: (progress: Progress) => void;
}

export interface PulledArtifact extends WasmArtifact {
  readonly reference: Reference;
  /** What the binary is, by its bytes. */
  readonly kind: BinaryKind;
  /** False when all of it was in the store already. */
  readonly transferred: boolean;
  /** As whom it was read. */
  readonly access: Access;
}

/** As much as wasm-binary reads. */
export const defaultMaxModuleBytes = 256 * 1024 * 1024;

/**
 * Copies a wasm artifact from its registry to a store: every byte verified, all of it or nothing named. What the
 * store has already is not transferred again; the registry is asked in any case.
 *
 * Rejects with {@link OciError}.
 */
export async function pullArtifact(options: PullOptions): Promise<PulledArtifact> {
  const { from, to, credentials, maxModuleBytes = defaultMaxModuleBytes, onProgress, signal } = options;
  const reference =
    typeof options.reference === 'string' ? parseReference(options.reference) : options.reference;
  const name = formatReference(reference);
  const repository = from.repository(reference, {
    readOnly: true,
    ...(credentials === undefined ? {} : { credentials }),
  });
  const abort = signal === undefined ? {} : { signal };
  // Nothing of it is collected before it has its name.
  await using lease = await to.lease(abort);
  let kind: BinaryKind | undefined;
  const copied = await copyArtifact({
    from: repository,
    to: lease,
    reference,
    maxLayerBytes: maxModuleBytes,
    async inspect({ layer }) {
      kind = await binaryKind(to, layer, abort);
      if (kind === undefined) {
        throw new OciError(
          'UNSUPPORTED_ARTIFACT',
          `${name}: its layer is announced as ${layer.mediaType} and is no WebAssembly`,
          { reference: name, host: reference.registry },
        );
      }
    },
    ...(onProgress === undefined ? {} : { onProgress }),
    ...abort,
  });
  return {
    ...copied,
    reference,
    kind: kind ?? 'module',
    access: repository.access ?? { kind: 'anonymous' },
  };
}
