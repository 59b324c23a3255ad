import type { Descriptor } from '../content/descriptor.ts';
import { maxManifestBytes } from '../content/media-types.ts';
import type { AbortOptions } from '../content/target.ts';
import { collect } from '../content/verified.ts';
import { OciError, type OciErrorCode } from '../errors.ts';
import type { Reference } from '../reference.ts';
import { whyNotBy } from './check-signature.ts';
import { findSignatures, type SignatureSource } from './find-signatures.ts';
import type { FoundSignature, UnreadableSignature } from './found-signature.ts';
import type { ImagePolicy } from './signature-policy.ts';
import { foreignContent } from './signed-content.ts';
import type { VerifiedSignature } from './verified-signature.ts';

export interface SatisfyDemandsOptions extends AbortOptions {
  readonly source: SignatureSource;
  readonly reference: Reference;
  readonly descriptor: Descriptor;
  /** Policies that want a signature. */
  readonly demands: readonly ImagePolicy[];
  /** Of the image, for messages. */
  readonly name: string;
}

/** Signatures that are looked at. */
const maxSignatures = 100;

/** Looks for signatures until each of the policies has one that it takes. Rejects as `verifySignatures` does. */
export async function satisfyDemands(options: SatisfyDemandsOptions): Promise<readonly VerifiedSignature[]> {
  const { source, reference, descriptor, name, signal } = options;
  const abort = signal === undefined ? {} : { signal };
  const tooLarge = (): OciError =>
    failure('TOO_LARGE', name, `has a manifest above ${maxManifestBytes} bytes`);
  const manifest = await collect(source.read(descriptor, abort), maxManifestBytes, tooLarge);
  const verified: VerifiedSignature[] = [];
  let open: readonly Demand[] = options.demands.map((rule) => ({ rule, failures: [] }));
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
