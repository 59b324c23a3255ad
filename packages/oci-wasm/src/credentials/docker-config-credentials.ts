import type { CredentialSource } from './credential.ts';

export interface DockerConfigOptions {
  /** e.g. `~/.docker/config.json`; nothing is found while it does not exist. Read at each look-up. */
  readonly file: string;
  /** Environment of `docker-credential-…` programs. @default this process's */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Credentials that `docker login` or `wasmlet login` has kept. */
export function dockerConfigCredentials(_options: DockerConfigOptions): CredentialSource {
  throw new Error('not implemented');
}
