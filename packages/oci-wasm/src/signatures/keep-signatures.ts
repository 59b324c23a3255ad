import type { AbortOptions, ContentReader, Target } from '../content/target.ts';
import { copyContent } from '../transfer/copy-content.ts';
import type { VerifiedSignature } from './verified-signature.ts';

/** Options of {@link keepSignatures}. */
export interface KeepSignaturesOptions extends AbortOptions {
  readonly from: ContentReader;
  readonly to: Target;
  /** Of the image. */
  readonly repository: { readonly registry: string; readonly repository: string };
}

/** Of all that a signature is stored with: what is larger stays where it is. */
const maxBytes = 4 * 1024 * 1024;

/**
 * Copies signatures that have been verified to where the image goes, so that they can be verified there again without
 * their registry.
 */
export async function keepSignatures(
  signatures: readonly VerifiedSignature[],
  { from, to, repository, signal }: KeepSignaturesOptions,
): Promise<void> {
  const abort = signal === undefined ? {} : { signal };
  for (const { signature } of signatures) {
    if (signature === undefined) continue;
    const { manifest, blobs, tag } = signature;
    const bytes = blobs.reduce((sum, { size }) => sum + size, manifest.descriptor.size);
    if (bytes > maxBytes) continue;
    const distinct = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
    await copyContent({ from, to, blobs: distinct, manifests: [manifest], ...abort });
    if (tag !== undefined) await to.tag(manifest, { ...repository, tag }, abort);
  }
}
