import type { Credential, CredentialScope, CredentialSource } from './credential.ts';
import { matchLength } from './credential-key.ts';

/** A credential and what it is for. */
export interface ScopedCredential extends Credential {
  /** Registry, perhaps with the beginning of a repository: `ghcr.io`, `registry.example:5000/team`. */
  readonly key: string;
}

/** Credentials from a list; the longest match first, then in the order of the list. */
export function staticCredentials(list: readonly ScopedCredential[]): CredentialSource {
  return { find: (scope) => Promise.resolve(selectCredentials(list, scope)) };
}

export function selectCredentials(
  list: readonly ScopedCredential[],
  scope: CredentialScope,
): readonly Credential[] {
  return list
    .map(({ key, ...credential }) => ({ credential, length: matchLength(key, scope) }))
    .filter((match): match is typeof match & { readonly length: number } => match.length !== undefined)
    .toSorted((a, b) => b.length - a.length)
    .map(({ credential }) => credential);
}
