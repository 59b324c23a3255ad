import type { Descriptor } from '../content/descriptor.ts';
import { maxManifestBytes } from '../content/media-types.ts';
import type { AbortOptions } from '../content/target.ts';
import { collect } from '../content/verified.ts';
import { OciError, type OciErrorCode } from '../errors.ts';
import { formatReference, parseReference, type Reference } from '../reference.ts';
import { whyNotBy } from './check-signature.ts';
import { findSignatures, type SignatureSource } from './find-signatures.ts';
import type { FoundSignature, StoredSignature, UnreadableSignature } from './found-signature.ts';
import { matchesImage } from './image-glob.ts';
import type { ImagePolicy, SignaturePolicy } from './signature-policy.ts';
import { foreignContent } from './signed-content.ts';

export interface VerifySignaturesOptions extends AbortOptions {
  /** Where the signatures are: a repository, or a store. */
  readonly source: SignatureSource;
  /** Its name decides which policies are for it. */
  readonly reference: string | Reference;
  /** What the reference stands for: what is signed is this manifest, or this index as a whole. */
  readonly descriptor: Descriptor;
  readonly policy: SignaturePolicy;
}

export interface VerifiedSignature {
  /** Names of the policy and of the authority that is satisfied. */
  readonly policy: string;
  readonly authority: string;
  /** None where the authority is `static`. */
  readonly signature: StoredSignature | undefined;
}

/** Signatures that are looked at. */
const maxSignatures = 100;

/**
 * Resolves when an image is signed as the policy demands: each policy that is for it is satisfied by one authority. No
 * network but the source's is used. Empty when no policy is for it and the default is `pass`.
 *
 * Rejects with {@link OciError}: `SIGNATURE_MISSING` when there is no signature, `SIGNATURE_INVALID` when none of them
 * is by an authority, `SIGNATURE_DENIED` when the policy takes no signature for it; and as the source does.
 */
export async function verifySignatures(
  options: VerifySignaturesOptions,
): Promise<readonly VerifiedSignature[]> {
  const { source, descriptor, policy, signal } = options;
  const reference =
    typeof options.reference === 'string' ? parseReference(options.reference) : options.reference;
  const name = formatReference({ ...reference, digest: descriptor.digest });
  const { verified, demands } = withoutSignatures(policy, reference, name);
  let open: readonly Demand[] = demands;
  if (open.length === 0) return verified;

  const abort = signal === undefined ? {} : { signal };
  const tooLarge = (): OciError =>
    failure('TOO_LARGE', name, `has a manifest above ${maxManifestBytes} bytes`);
  const manifest = await collect(source.read(descriptor, abort), maxManifestBytes, tooLarge);
  let seen = 0;
  for await (const found of findSignatures({ source, reference, subject: descriptor, ...abort })) {
    if (seen === maxSignatures) throw invalid(name, open, `more than ${maxSignatures}`);
    seen += 1;
    open = open.filter((demand) => {
      const authority = authorityOf(found, demand, descriptor.digest, manifest);
      if (authority === undefined || 'problem' in found) return true;
      verified.push({ policy: demand.rule.name, authority, signature: found.stored });
      return false;
    });
    if (open.length === 0) return verified;
  }
  if (seen > 0) throw invalid(name, open, String(seen));
  const remedy = 'sign it with cosign, or change the policy';
  throw failure('SIGNATURE_MISSING', name, `has no signature, which ${told(open)} demands; ${remedy}`);
}

/** A policy that wants a signature, and why those so far are none that it takes. */
interface Demand {
  readonly rule: ImagePolicy;
  readonly failures: string[];
}

/** What the policies say before any signature is looked at. Throws when that is no. */
function withoutSignatures(
  { policies, default: fallback }: SignaturePolicy,
  reference: Reference,
  name: string,
): { readonly verified: VerifiedSignature[]; readonly demands: readonly Demand[] } {
  const rules = policies.filter(({ images }) => images.some((glob) => matchesImage(glob, reference)));
  if (rules.length === 0 && fallback === 'fail') {
    const remedy = 'add a policy for it, or let the default be pass';
    throw failure('SIGNATURE_DENIED', name, `is refused: no signature policy is for it; ${remedy}`);
  }
  const verified: VerifiedSignature[] = [];
  const demands: Demand[] = [];
  for (const rule of rules) {
    const statics = rule.authorities.filter((authority) => authority.kind === 'static');
    const pass = statics.find(({ action }) => action === 'pass');
    if (pass !== undefined) {
      verified.push({ policy: rule.name, authority: pass.name, signature: undefined });
    } else if (statics.length === rule.authorities.length) {
      const problem = `is refused by the signature policy "${rule.name}"; change that policy to run it`;
      throw failure('SIGNATURE_DENIED', name, problem);
    } else {
      demands.push({ rule, failures: [] });
    }
  }
  return { verified, demands };
}

/** Name of the authority whose signature it is; undefined, with reasons noted, when it is none's. */
function authorityOf(
  found: FoundSignature | UnreadableSignature,
  { rule, failures }: Demand,
  digest: string,
  manifest: Uint8Array,
): string | undefined {
  const problem = 'problem' in found ? found.problem : foreignContent(found, digest);
  if (problem !== undefined || 'problem' in found) {
    failures.push(`${found.digest}: ${problem}`);
    return undefined;
  }
  for (const authority of rule.authorities) {
    if (authority.kind === 'static') continue;
    const reason = whyNotBy(authority, found, manifest);
    if (reason === undefined) return authority.name;
    failures.push(`${found.digest}: not by ${authority.name}: ${reason}`);
  }
  return undefined;
}

/** Of reasons in a message. */
const maxTold = 5;

function invalid(name: string, open: readonly Demand[], seen: string): OciError {
  const failures = open.flatMap((demand) => demand.failures);
  const more = failures.length > maxTold ? `; and ${failures.length - maxTold} more reasons` : '';
  const reasons = `${failures.slice(0, maxTold).join('; ')}${more}`;
  return failure(
    'SIGNATURE_INVALID',
    name,
    `has no signature that ${told(open)} takes (looked at: ${seen}; ${reasons}); sign it as the policy demands, or change the policy`,
  );
}

function told(open: readonly Demand[]): string {
  const names = open.map(({ rule }) => `"${rule.name}"`).join(', ');
  return open.length === 1 ? `the signature policy ${names}` : `one of the signature policies ${names}`;
}

function failure(code: OciErrorCode, name: string, problem: string): OciError {
  return new OciError(code, `${name} ${problem}`, { reference: name });
}
