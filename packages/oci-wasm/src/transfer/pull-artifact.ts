import { type BinaryKind, binaryKind } from '../artifact/binary-kind.ts';
import { commandOf } from '../artifact/image-config.ts';
import type { WasmArtifact } from '../artifact/wasm-artifact.ts';
import type { AbortOptions } from '../content/target.ts';
import type { Credential } from '../credentials/credential.ts';
import { OciError } from '../errors.ts';
import { formatReference, parseReference, type Reference } from '../reference.ts';
import type { Access } from '../registry/access/identities.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import { keepSignatures } from '../signatures/keep-signatures.ts';
import type { SignaturePolicy } from '../signatures/signature-policy.ts';
import { verifySignatures } from '../signatures/verify-signatures.ts';
import type { LayoutStore } from '../store/layout-store.ts';
import { copyArtifact } from './copy-artifact.ts';
import type { Progress } from './copy-content.ts';

/** Options of {@link pullArtifact}. */
export interface PullOptions extends AbortOptions {
  readonly from: RegistryClient;
  readonly to: LayoutStore;
  /** What is pulled, e.g. `ghcr.io/team/app:v1`. */
  readonly reference: string | Reference;
  /** Tried in order, unless everybody may read it. @default what the client's credential source finds */
  readonly credentials?: readonly Credential[];
  /** Artifacts whose layers have more bytes together are not pulled. @default 256 MiB */
  readonly maxModuleBytes?: number;
  /**
   * Demands that it is signed, before any of it is transferred; the signatures are kept with it.
   *
   * @default nothing is demanded
   */
  readonly signaturePolicy?: SignaturePolicy;
  /** Called as bytes of a blob pass, often: for each chunk. */
  readonly onProgress?: (progress: Progress) => void;
}

/** What a pull has brought: the artifact, by its format, and how it came. */
export type PulledArtifact = WasmArtifact & PullFacts;

/** What a pull tells besides what the artifact is. */
export interface PullFacts {
  readonly reference: Reference;
  /** What the binary is, by its bytes; `unknown` for an image that does not say which of its files is run. */
  readonly kind: BinaryKind | 'unknown';
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
 * Rejects with {@link OciError}, with a `signaturePolicy` also as `verifySignatures` does.
 */
export async function pullArtifact(options: PullOptions): Promise<PulledArtifact> {
  const { from, to, credentials, maxModuleBytes = defaultMaxModuleBytes, onProgress, signal } = options;
  const { signaturePolicy: policy } = options;
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
  let kind: PullFacts['kind'] = 'unknown';
  const copied = await copyArtifact({
    from: repository,
    to: lease,
    reference,
    maxLayerBytes: maxModuleBytes,
    async admit(descriptor) {
      if (policy === undefined) return;
      const source = repository;
      const signatures = await verifySignatures({ source, reference, descriptor, policy, ...abort });
      await keepSignatures(signatures, { from: repository, to: lease, repository: reference, ...abort });
    },
    async inspect(artifact) {
      const found = await binaryKind(to, artifact, abort);
      if (found === 'not-wasm') {
        const what =
          artifact.format === 'compat'
            ? `the file that it runs, ${String(commandOf(artifact.program)[0])},`
            : `its layer is announced as ${artifact.layer.mediaType} and`;
        throw new OciError('UNSUPPORTED_ARTIFACT', `${name}: ${what} is no WebAssembly`, {
          reference: name,
          host: reference.registry,
        });
      }
      kind = found;
    },
    ...(onProgress === undefined ? {} : { onProgress }),
    ...abort,
  });
  return {
    ...copied,
    reference,
    kind,
    access: repository.access ?? { kind: 'anonymous' },
  };
}
