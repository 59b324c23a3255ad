import type { StoredSignature } from './found-signature.ts';

/** Which policy is satisfied, and by whose signature. */
export interface VerifiedSignature {
  /** Names of the policy and of the authority that is satisfied. */
  readonly policy: string;
  readonly authority: string;
  /** None where the authority is `static`. */
  readonly signature: StoredSignature | undefined;
}
