import { join } from 'node:path';
import { chainCredentials } from './chain-credentials.ts';
import type { CredentialSource } from './credential.ts';
import { dockerConfigCredentials } from './docker-config-credentials.ts';

/** Options of {@link credentialStores}. */
export interface CredentialStoresOptions {
  /** The application's environment: says where the files are, and is that of `docker-credential-…` programs. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** e.g. `os.homedir()`. */
  readonly homeDirectory: string;
}

/**
 * Credentials that podman, skopeo, docker, oras and `wasmlet login` have kept, in the order of {@link credentialFiles}:
 * where one has grown stale, the next is tried. Files are read at each look-up.
 *
 * `find` rejects with {@link OciError} `INVALID_CONFIG`, `CREDENTIAL_HELPER` when a file or helper cannot be read and
 * no other file has a credential.
 */
export function credentialStores(options: CredentialStoresOptions): CredentialSource {
  const { env } = options;
  return chainCredentials(credentialFiles(options).map((file) => dockerConfigCredentials({ file, env })));
}

/**
 * Paths of the files in which podman, skopeo, docker and oras keep credentials, in the order in which they are read:
 * `$REGISTRY_AUTH_FILE`, `$XDG_RUNTIME_DIR/containers/auth.json`, `$XDG_CONFIG_HOME/containers/auth.json` (or below
 * `~/.config`), `$DOCKER_CONFIG/config.json`, `~/.docker/config.json`, `~/.dockercfg`.
 */
export function credentialFiles({ env, homeDirectory }: CredentialStoresOptions): readonly string[] {
  const runtime = env['XDG_RUNTIME_DIR'];
  const files = [
    env['REGISTRY_AUTH_FILE'],
    runtime ? join(runtime, 'containers', 'auth.json') : undefined,
    join(env['XDG_CONFIG_HOME'] || join(homeDirectory, '.config'), 'containers', 'auth.json'),
    env['DOCKER_CONFIG'] ? join(env['DOCKER_CONFIG'], 'config.json') : undefined,
    join(homeDirectory, '.docker', 'config.json'),
    join(homeDirectory, '.dockercfg'),
  ];
  return [...new Set(files.filter((file) => file !== undefined && file !== ''))] as string[];
}
