import { createHash, type Hash } from 'node:crypto';
import { OciError } from '../errors.ts';

export type DigestAlgorithm = 'sha256' | 'sha512';

export interface Digest {
  readonly algorithm: DigestAlgorithm;
  /** Lower-case hexadecimal. */
  readonly hex: string;
}

/** Reads a digest of a registered algorithm (OCI image-spec, descriptor.md "Registered algorithms"). */
export function parseDigest(text: string): Digest {
  const [, algorithm, hex] = digestPattern.exec(text) ?? [];
  if (algorithm === undefined || hex === undefined) {
    const other = unknownAlgorithm(text);
    throw new OciError(
      'INVALID_RESPONSE',
      other === undefined
        ? `"${text.slice(0, 80)}" is no sha256 or sha512 digest`
        : `the digest "${text.slice(0, 80)}" is of the algorithm ${other}; sha256 and sha512 are supported`,
    );
  }
  return { algorithm: algorithm as DigestAlgorithm, hex };
}

/** The algorithm of a digest that has the form of one, for messages; undefined for those that are supported. */
export function unknownAlgorithm(text: string): string | undefined {
  const algorithm = /^([a-z0-9]+(?:[+._-][a-z0-9]+)*):/.exec(text.slice(0, 200))?.[1];
  return algorithm === 'sha256' || algorithm === 'sha512' ? undefined : algorithm?.slice(0, 32);
}

export function isDigest(text: string): boolean {
  return digestPattern.test(text);
}

const digestPattern = /^(?=sha256:.{64}$|sha512:.{128}$)(sha256|sha512):([a-f0-9]+)$/;

/** Digest of bytes that are at hand. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): string {
  return formatHash(createHash(algorithm).update(bytes), algorithm);
}

export function formatHash(hash: Hash, algorithm: DigestAlgorithm): string {
  return `${algorithm}:${hash.digest('hex')}`;
}
