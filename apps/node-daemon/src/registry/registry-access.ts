import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  createRegistryClient,
  type CredentialSource,
  credentialStores,
  type ProxyOptions,
  type RegistryClient,
  type RegistryClientOptions,
  registryHosts,
} from '@wasmlet/oci-wasm';
import type { RegistryFlags } from '../commands/registry-options.ts';
import type { Terminal } from '../commands/terminal.ts';
import { parseList } from '../config/values.ts';

/**
 * A client with the credentials that `wasmlet login`, docker and podman keep, through the user's proxy. `named` are the
 * registries that `--insecure` is about.
 */
export async function openRegistryClient(
  { env, version }: Pick<Terminal, 'env' | 'version'>,
  flags: RegistryFlags,
  named: readonly string[],
): Promise<RegistryClient> {
  return createRegistryClient({
    userAgent: `wasmlet/${version}`,
    credentials: keptCredentials(env),
    ...(await registrySettings(env, flags, named)),
  });
}

/**
 * What flags and variables say of how registries are spoken to. Rejects with `OciError` `INVALID_CONFIG` when the folder
 * of registry hosts cannot be used.
 */
export async function registrySettings(
  env: Terminal['env'],
  flags: RegistryFlags,
  named: readonly string[] = [],
): Promise<Pick<RegistryClientOptions, 'hosts' | 'insecureRegistries' | 'proxy'>> {
  const listed = parseList(flags.insecureRegistries ?? env['WASMLET_INSECURE_REGISTRIES']) ?? [];
  const directory = flags.registryHostsDir ?? (env['WASMLET_REGISTRY_HOSTS_DIR'] || undefined);
  return {
    insecureRegistries: flags.insecure === true ? [...listed, ...named] : listed,
    proxy: proxyOf(env),
    ...(directory === undefined ? {} : { hosts: await registryHosts({ directory }) }),
  };
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
