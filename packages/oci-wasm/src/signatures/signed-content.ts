import { type KeyObject, verify } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import { dsse } from '@sigstore/core';
import type { SignedEntity } from '@sigstore/verify';
import { parseDigest } from '../content/digest.ts';
import { isRecord } from '../content/read-descriptor.ts';
import { parseStrictJson } from '../content/strict-json.ts';
import type { FoundSignature } from './found-signature.ts';

/** Why what is signed is not this manifest; undefined when it is. Says nothing of who has signed it. */
export function foreignContent({ bundle, payload }: FoundSignature, digest: string): string | undefined {
  if (bundle.content.$case === 'dsseEnvelope') return foreignStatement(bundle.content.dsseEnvelope, digest);
  return payload === undefined ? undefined : foreignPayload(payload, digest);
}

/**
 * The content of a signature for `@sigstore/verify`, checked with the hash that cosign chooses for the key: the library
 * itself takes SHA-256 for all.
 */
export function signatureContent(
  content: SignedEntity['signature'],
  signed: Uint8Array,
): SignedEntity['signature'] {
  const { signature } = content;
  return {
    signature,
    compareSignature: (other) => content.compareSignature(other),
    compareDigest: (other) => content.compareDigest(other),
    compareSignedDigest: (other) => content.compareSignedDigest(other),
    verifySignature: (key) => signingHashes(key).some((hash) => verifies(hash, signed, key, signature)),
  };
}

/** The bytes that a signature is over. */
export function signedBytes({ content }: Bundle, message: Uint8Array): Uint8Array {
  if (content.$case === 'messageSignature') return message;
  const { payloadType, payload } = content.dsseEnvelope;
  return dsse.preAuthEncoding(payloadType, payload);
}

/** What keys of a kind sign with, the likeliest first. None for other kinds: cosign's Ed25519ph is one that Node.js does not know. */
export function signingHashes(key: KeyObject): readonly string[] {
  const { asymmetricKeyType: kind = '', asymmetricKeyDetails: { namedCurve = '' } = {} } = key;
  return hashesOfKinds[kind === 'ec' ? namedCurve : kind] ?? [];
}

/** Older versions of cosign take SHA-256 for all curves. */
const hashesOfKinds: Readonly<Record<string, readonly string[]>> = {
  rsa: ['sha256'],
  prime256v1: ['sha256'],
  secp384r1: ['sha384', 'sha256'],
  secp521r1: ['sha512', 'sha256'],
};

function verifies(hash: string, signed: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  try {
    return verify(hash, signed, key, signature);
  } catch {
    return false;
  }
}

/** Of the statement with which cosign signs an image. */
export const signPredicate = 'https://sigstore.dev/cosign/sign/v1';
const statementType = 'application/vnd.in-toto+json';
const maxSubjects = 1_000;

type Envelope = Extract<Bundle['content'], { readonly $case: 'dsseEnvelope' }>['dsseEnvelope'];

/** Attestations (SBOMs, provenance) say something about an image; only one predicate says that it is signed. */
function foreignStatement({ payloadType, payload }: Envelope, digest: string): string | undefined {
  if (payloadType !== statementType) return 'it signs something else than an in-toto statement';
  const statement = parseJson(payload);
  if (!isRecord(statement)) return 'the statement that it signs is no JSON object';
  if (statement['predicateType'] !== signPredicate) {
    return `it is an attestation, and no signature: its predicate type is not ${signPredicate}`;
  }
  const { subject } = statement;
  const { algorithm, hex } = parseDigest(digest);
  const subjects: readonly unknown[] = Array.isArray(subject) ? subject.slice(0, maxSubjects) : [];
  const isThis = subjects.some(
    (entry) => isRecord(entry) && isRecord(entry['digest']) && entry['digest'][algorithm] === hex,
  );
  return isThis ? undefined : 'it signs something else than this manifest';
}

const simpleSigningType = 'cosign container image signature';

function foreignPayload(payload: Uint8Array, digest: string): string | undefined {
  const value = parseJson(payload);
  const critical = isRecord(value) ? value['critical'] : undefined;
  if (!isRecord(critical) || critical['type'] !== simpleSigningType) {
    return 'what it signs is no payload of simple signing';
  }
  const { image } = critical;
  const isThis = isRecord(image) && image['docker-manifest-digest'] === digest;
  return isThis ? undefined : 'it signs something else than this manifest';
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return parseStrictJson(bytes);
  } catch {
    return undefined;
  }
}
