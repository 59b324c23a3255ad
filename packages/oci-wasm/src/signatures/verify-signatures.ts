import type { Descriptor } from '../content/descriptor.ts';
import type { AbortOptions } from '../content/target.ts';
import { OciError } from '../errors.ts';
import { formatReference, parseReference, type Reference } from '../reference.ts';
import type { SignatureSource } from './find-signatures.ts';
import { matchesImage } from './image-glob.ts';
import type { ImagePolicy, SignaturePolicy } from './signature-policy.ts';
import type { VerifiedSignature } from './verified-signature.ts';

/** Options of {@link verifySignatures}. */
export interface VerifySignaturesOptions extends AbortOptions {
  /** Where the signatures are: a repository, or a store. */
  readonly source: SignatureSource;
  /** Its name decides which policies are for it. */
  readonly reference: string | Reference;
  /** What the reference stands for: what is signed is this manifest, or this index as a whole. */
  readonly descriptor: Descriptor;
  readonly policy: SignaturePolicy;
}

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
  if (demands.length === 0) return verified;
  // What verifies takes time and memory to load.
  const { satisfyDemands } = await import('./satisfy-demands.ts');
  const abort = signal === undefined ? {} : { signal };
  return [...verified, ...(await satisfyDemands({ demands, source, reference, descriptor, name, ...abort }))];
}

/** What the policies say before any signature is looked at. Throws when that is no. */
function withoutSignatures(
  { policies, default: fallback }: SignaturePolicy,
  reference: Reference,
  name: string,
): { readonly verified: VerifiedSignature[]; readonly demands: readonly ImagePolicy[] } {
  const rules = policies.filter(({ images }) => images.some((glob) => matchesImage(glob, reference)));
  if (rules.length === 0 && fallback === 'fail') {
    const remedy = 'add a policy for it, or let the default be pass';
    throw denied(name, `no signature policy is for it; ${remedy}`);
  }
  const verified: VerifiedSignature[] = [];
  const demands: ImagePolicy[] = [];
  for (const rule of rules) {
    const statics = rule.authorities.filter((authority) => authority.kind === 'static');
    const pass = statics.find(({ action }) => action === 'pass');
    if (pass !== undefined) {
      verified.push({ policy: rule.name, authority: pass.name, signature: undefined });
    } else if (statics.length === rule.authorities.length) {
      throw denied(name, `the signature policy "${rule.name}" takes no signature for it; change that policy`);
    } else {
      demands.push(rule);
    }
  }
  return { verified, demands };
}

function denied(name: string, problem: string): OciError {
  return new OciError('SIGNATURE_DENIED', `${name} is refused: ${problem}`, { reference: name });
}
