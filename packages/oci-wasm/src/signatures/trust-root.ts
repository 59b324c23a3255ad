import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toTrustMaterial, type TrustMaterial } from '@sigstore/verify';
import type { PolicyPlace } from './policy-place.ts';

/** Whose certificates, logs and timestamps are trusted (`trusted_root.json`, as `cosign trusted-root create` writes it). */
export interface TrustRoot {
  readonly material: TrustMaterial;
  /** What of each kind a keyless signature has to have: one, where the root lists some. */
  readonly thresholds: {
    readonly tlogThreshold: number;
    readonly ctlogThreshold: number;
    readonly timestampThreshold: number;
  };
}

/** Reads a trusted root from JSON that has been parsed. Throws `OciError` `INVALID_CONFIG`. */
export function parseTrustRoot(value: unknown, place: Pick<PolicyPlace, 'invalid'>): TrustRoot {
  let material: TrustMaterial;
  try {
    material = toTrustMaterial(TrustedRoot.fromJSON(value), noKey);
  } catch (cause) {
    throw place.invalid(`is no trusted root: ${(cause as Error).message}`, cause);
  }
  const { certificateAuthorities, timestampAuthorities, tlogs, ctlogs } = material;
  if (certificateAuthorities.length + timestampAuthorities.length + tlogs.length === 0) {
    throw place.invalid(
      'is no trusted root: it lists neither certificate nor timestamp authorities nor logs',
    );
  }
  return {
    material,
    thresholds: {
      tlogThreshold: Math.min(tlogs.length, 1),
      ctlogThreshold: Math.min(ctlogs.length, 1),
      // Certificates are good for minutes: without a time that somebody vouches for none can be believed.
      timestampThreshold: 1,
    },
  };
}

/** Signers' keys are named by authorities. */
const noKey: TrustMaterial['publicKey'] = () => {
  throw new Error('it is signed with a key, and not with a certificate');
};

/** What keeps it from ever being enough for signatures with certificates. */
export function keylessProblem({ material }: TrustRoot): string | undefined {
  if (material.certificateAuthorities.length === 0) return 'lists no certificate authorities';
  if (material.timestampAuthorities.length + material.tlogs.length > 0) return undefined;
  return 'lists neither transparency logs nor timestamp authorities, so that nothing tells when a signature was made';
}
