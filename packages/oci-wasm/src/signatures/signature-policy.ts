import type { KeyObject } from 'node:crypto';
import type { ImageGlob } from './image-glob.ts';
import type { TrustRoot } from './trust-root.ts';

/** Which images need whose signatures, read by `readSignaturePolicy` or `parseSignaturePolicy`. */
export interface SignaturePolicy {
  /** Each that is for an image has to be satisfied. */
  readonly policies: readonly ImagePolicy[];
  /** What becomes of images that no policy is for. */
  readonly default: 'pass' | 'fail';
}

/** As one ClusterImagePolicy of sigstore's policy-controller. */
export interface ImagePolicy {
  readonly name: string;
  /** It is for images that one of them matches. */
  readonly images: readonly ImageGlob[];
  /** One of them is enough. */
  readonly authorities: readonly SignatureAuthority[];
}

/** Whose signature is taken. */
export type SignatureAuthority = KeyAuthority | KeylessAuthority | StaticAuthority;

/** Whoever has the private key to one of these public keys. */
export interface KeyAuthority {
  readonly kind: 'key';
  readonly name: string;
  /** A signature by any of them counts. */
  readonly keys: readonly KeyObject[];
  /** With it signatures have to be in its transparency logs, if it has some. */
  readonly trustRoot: TrustRoot | undefined;
}

/** Whoever had a certificate of Fulcio for one of these identities when it was signed. */
export interface KeylessAuthority {
  readonly kind: 'keyless';
  readonly name: string;
  /** A certificate for any of them counts. */
  readonly identities: readonly SignerIdentity[];
  readonly trustRoot: TrustRoot;
}

/** No signature is looked at: everything passes, or nothing. */
export interface StaticAuthority {
  readonly kind: 'static';
  readonly name: string;
  readonly action: 'pass' | 'fail';
}

/** Who may have signed: whom an issuer of tokens has vouched for. Patterns may match anywhere in the text, as cosign's. */
export interface SignerIdentity {
  readonly issuer: string | RegExp;
  readonly subject: string | RegExp;
}
