import { homedir } from 'node:os';
import { join } from 'node:path';
import { createRegistryClient, dockerConfigCredentials, type RegistryClient } from '@wasmlet/oci-wasm';
import type { Terminal } from '../commands/terminal.ts';

/** A client with the credentials that `wasmlet login` and `docker login` keep. */
export function openRegistryClient(
  { env, version }: Pick<Terminal, 'env' | 'version'>,
  insecureRegistries: readonly string[],
): RegistryClient {
  return createRegistryClient({
    userAgent: `wasmlet/${version}`,
    credentials: dockerConfigCredentials({ file: dockerConfigFile(env), env }),
    insecureRegistries,
  });
}

/** `DOCKER_CONFIG` names its folder, as for docker. */
export function dockerConfigFile(env: Terminal['env']): string {
  return join(env['DOCKER_CONFIG'] || join(homedir(), '.docker'), 'config.json');
}
