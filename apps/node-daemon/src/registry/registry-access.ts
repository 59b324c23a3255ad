import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  createRegistryClient,
  type CredentialSource,
  credentialStores,
  type ProxyOptions,
  type RegistryClient,
} from '@wasmlet/oci-wasm';
import type { Terminal } from '../commands/terminal.ts';

/** A client with the credentials that `wasmlet login`, docker and podman keep, through the user's proxy. */
export function openRegistryClient(
  { env, version }: Pick<Terminal, 'env' | 'version'>,
  insecureRegistries: readonly string[],
): RegistryClient {
  return createRegistryClient({
    userAgent: `wasmlet/${version}`,
    credentials: keptCredentials(env),
    proxy: proxyOf(env),
    insecureRegistries,
  });
}

/** What `wasmlet login`, docker and podman have kept for this user. */
export function keptCredentials(env: Terminal['env']): CredentialSource {
  return credentialStores({ env, homeDirectory: homedir() });
}

/** `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, in upper case or else in lower, as most programs read them. */
export function proxyOf(env: Terminal['env']): ProxyOptions {
  const read = (name: string): string | undefined => env[name] || env[name.toLowerCase()] || undefined;
  return {
    httpProxy: read('HTTP_PROXY'),
    httpsProxy: read('HTTPS_PROXY'),
    noProxy: read('NO_PROXY'),
  };
}

/** `DOCKER_CONFIG` names its folder, as for docker. */
export function dockerConfigFile(env: Terminal['env']): string {
  return join(env['DOCKER_CONFIG'] || join(homedir(), '.docker'), 'config.json');
}
