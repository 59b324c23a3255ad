import type { AbortOptions } from '../content/target.ts';

export interface LoginOptions extends AbortOptions {
  /** Host with its port where it has one, e.g. `ghcr.io`. A URL is taken as well. */
  readonly registry: string;
  readonly username: string;
  readonly password: string;
  /** Docker's configuration file, e.g. `~/.docker/config.json`; made when absent. */
  readonly configFile: string;
  readonly insecureRegistries?: readonly string[];
  /** Environment of `docker-credential-…` programs. @default this process's */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface LoginResult {
  readonly registry: string;
  /** False when the registry asked for no credentials, so that they could not be tried. */
  readonly verified: boolean;
  /** The configuration file, or the name of the helper program that keeps the password. */
  readonly storedIn: string;
}

/**
 * Tries credentials at a registry and, when it takes them, keeps them where docker does: with the helper that the
 * configuration names, else in the file itself.
 *
 * Rejects with {@link OciError} `UNAUTHORIZED`, `DENIED`, `TIMEOUT`, `UNAVAILABLE`, `INVALID_CONFIG`, `CREDENTIAL_HELPER`.
 */
export function login(_options: LoginOptions): Promise<LoginResult> {
  return Promise.reject(new Error('not implemented'));
}

export type LogoutOptions = Pick<LoginOptions, 'registry' | 'configFile' | 'env' | 'signal'>;

/** Removes a registry's credentials. Resolves with false when there were none. */
export function logout(_options: LogoutOptions): Promise<boolean> {
  return Promise.reject(new Error('not implemented'));
}
