import type { Bundle } from '@sigstore/bundle';
import type { Descriptor } from '../content/descriptor.ts';
import type { Manifest } from '../content/target.ts';

/** A signature that a registry or store has for a manifest, not yet looked at closely. */
export interface FoundSignature {
  /** For messages: the digest of the bundle, or of the payload that was signed. */
  readonly digest: string;
  readonly bundle: Bundle;
  /** What is signed, where that is neither in the bundle nor the manifest itself. */
  readonly payload: Uint8Array | undefined;
  readonly stored: StoredSignature;
}

/** How a signature is stored, for copying it. */
export interface StoredSignature {
  readonly manifest: Manifest;
  readonly blobs: readonly Descriptor[];
  /** Its name, where nothing else leads to it. */
  readonly tag: string | undefined;
}

/** Something that is where signatures are, and that cannot be read as one. */
export interface UnreadableSignature {
  readonly digest: string;
  readonly problem: string;
}
