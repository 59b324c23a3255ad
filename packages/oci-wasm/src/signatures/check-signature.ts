import { toSignedEntity, type SignedEntity, Verifier } from '@sigstore/verify';
import type { KeyObject } from 'node:crypto';
import { printable } from '../artifact/printable.ts';
import type { FoundSignature } from './found-signature.ts';
import { signatureContent, signedBytes } from './signed-content.ts';
import type { KeyAuthority, KeylessAuthority, SignerIdentity } from './signature-policy.ts';
import type { TrustRoot } from './trust-root.ts';

/**
 * Why a signature is not one of an authority's, in words; undefined when it is. What it is a signature of is looked at
 * apart. `manifest` is what signatures of messages are over, unless they bring a payload.
 */
export function whyNotBy(
  authority: KeyAuthority | KeylessAuthority,
  { bundle, payload }: FoundSignature,
  manifest: Uint8Array,
): string | undefined {
  try {
    const message = payload ?? manifest;
    const entity = toSignedEntity(bundle, Buffer.from(message));
    const signature = signatureContent(entity.signature, signedBytes(bundle, message));
    switch (authority.kind) {
      case 'key':
        verifyByKey(authority, { ...entity, signature });
        break;
      case 'keyless':
        verifyByCertificate(authority, { ...entity, signature });
        break;
    }
    return undefined;
  } catch (error) {
    // Whatever a hostile bundle makes the library throw, it is not verified.
    return printable((error as Error).message, maxReasonLength);
  }
}

/** The key is the authority's, whatever the signature says of keys or certificates. */
function verifyByKey({ keys, trustRoot }: KeyAuthority, entity: SignedEntity): void {
  const bare = { ...entity, key: { $case: 'public-key', hint: '' } } as const;
  let failure: unknown;
  for (const key of keys) {
    try {
      keyVerifier(key, trustRoot).verify(
        trustRoot === undefined ? { ...bare, tlogEntries: [], timestamps: [] } : bare,
      );
      return;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function keyVerifier(key: KeyObject, trustRoot: TrustRoot | undefined): Verifier {
  const material = trustRoot?.material ?? noTrust;
  return new Verifier(
    { ...material, publicKey: () => ({ publicKey: key, validFor: () => true }) },
    { tlogThreshold: trustRoot?.thresholds.tlogThreshold ?? 0, ctlogThreshold: 0, timestampThreshold: 0 },
  );
}

const noTrust = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };

function verifyByCertificate({ identities, trustRoot }: KeylessAuthority, entity: SignedEntity): void {
  const { identity } = new Verifier(trustRoot.material, trustRoot.thresholds).verify(entity);
  const subject = identity?.subjectAlternativeName ?? '';
  const issuer = identity?.extensions?.issuer ?? '';
  if (identities.some((one) => isIdentity(one, subject, issuer))) return;
  throw new Error(`it is signed by ${JSON.stringify(subject)} of ${JSON.stringify(issuer)}`);
}

/** Names of signers are long. */
const maxReasonLength = 400;

/** As much of a name as patterns are tried on. */
const maxNameLength = 2_048;

function isIdentity(wanted: SignerIdentity, subject: string, issuer: string): boolean {
  return fits(wanted.issuer, issuer) && fits(wanted.subject, subject);
}

function fits(wanted: string | RegExp, name: string): boolean {
  if (name === '' || name.length > maxNameLength) return false;
  return typeof wanted === 'string' ? wanted === name : wanted.test(name);
}
