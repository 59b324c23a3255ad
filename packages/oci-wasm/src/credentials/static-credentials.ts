import type { Credential, CredentialSource } from './credential.ts';

/** A credential and what it is for. */
export interface ScopedCredential extends Credential {
  /** Registry, perhaps with the beginning of a repository: `ghcr.io`, `registry.example:5000/team`. */
  readonly key: string;
}

/** Credentials from a list; the longest match first. */
export function staticCredentials(_list: readonly ScopedCredential[]): CredentialSource {
  throw new Error('not implemented');
}
