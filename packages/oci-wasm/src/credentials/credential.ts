import type { AbortOptions } from '../content/target.ts';

/** What a registry is shown. One of the three kinds; username and password go together. */
export interface Credential {
  /** Where it comes from, for messages: `secret default/regcred`. Never a secret value. */
  readonly source?: string;
  readonly username?: string;
  readonly password?: string;
  /** OAuth2 refresh token (docker's `identitytoken`). */
  readonly identityToken?: string;
  /** Bearer token to send as it is. */
  readonly registryToken?: string;
}

/** What credentials are looked up for. */
export interface CredentialScope {
  /** As in {@link Reference.registry}. */
  readonly registry: string;
  /** Absent: for the registry itself. */
  readonly repository?: string;
}

/** Finds credentials, in the order in which they are to be tried. */
export interface CredentialSource {
  /** Resolves with none when there are none. Rejects with {@link OciError} `INVALID_CONFIG`, `CREDENTIAL_HELPER`. */
  find(scope: CredentialScope, options?: AbortOptions): Promise<readonly Credential[]>;
}
