import { readConfigText } from './config-file.ts';
import { helperGet } from './credential-helper.ts';
import type { CredentialSource } from './credential.ts';
import { canonicalKey, dockerKey } from './credential-key.ts';
import { type DockerConfig, parseDockerConfig } from './docker-config.ts';
import { selectCredentials } from './static-credentials.ts';

/** Options of {@link dockerConfigCredentials}. */
export interface DockerConfigOptions {
  /** e.g. `~/.docker/config.json`; nothing is found while it does not exist. Read at each look-up. */
  readonly file: string;
  /** Environment of `docker-credential-…` programs. @default this process's */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Credentials that `docker login` or `wasmlet login` has kept: with the registry's own helper, else the general one,
 * else in the file, the longest match first.
 *
 * `find` rejects with {@link OciError} `INVALID_CONFIG`, `CREDENTIAL_HELPER`.
 */
export function dockerConfigCredentials({ file, env }: DockerConfigOptions): CredentialSource {
  return {
    async find(scope, { signal } = {}) {
      const text = await readConfigText(file, signal);
      if (text === undefined) return [];
      const config = parseDockerConfig(text, file);
      const helper = helperFor(config, scope.registry);
      const kept =
        helper === undefined
          ? undefined
          : await helperGet(dockerKey(scope.registry), { helper, env, signal });
      return [...(kept === undefined ? [] : [kept]), ...selectCredentials(config.auths, scope)];
    },
  };
}

/** Name of the helper program that keeps a registry's credential. */
export function helperFor({ credHelpers, credsStore }: DockerConfig, registry: string): string | undefined {
  const wanted = canonicalKey(registry);
  const own = Object.entries(credHelpers).find(([key]) => canonicalKey(key) === wanted)?.[1];
  return own ?? credsStore;
}
