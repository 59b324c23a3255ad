import { isRecord } from '../content/read-descriptor.ts';
import type { AbortOptions } from '../content/target.ts';
import { OciError } from '../errors.ts';
import type { ProxyOptions } from '../hosts/proxy.ts';
import type { RegistryHosts } from '../hosts/registry-host.ts';
import { parseReference } from '../reference.ts';
import { createRegistryClient } from '../registry/registry-client.ts';
import { readConfigText, writeConfig } from './config-file.ts';
import { helperErase, helperStore } from './credential-helper.ts';
import { canonicalKey, dockerKey } from './credential-key.ts';
import { helperFor } from './docker-config-credentials.ts';
import { parseConfigObject, parseDockerConfig } from './docker-config.ts';

/** Options of {@link login}. */
export interface LoginOptions extends AbortOptions {
  /** Host with its port where it has one, e.g. `ghcr.io`. A URL is taken as well. */
  readonly registry: string;
  readonly username: string;
  readonly password: string;
  /** Docker's configuration file, e.g. `~/.docker/config.json`; made when absent. */
  readonly configFile: string;
  /** As in {@link RegistryClientOptions}. */
  readonly insecureRegistries?: readonly string[];
  /** As in {@link RegistryClientOptions}. */
  readonly hosts?: RegistryHosts;
  /** As in {@link RegistryClientOptions}. */
  readonly proxy?: ProxyOptions;
  /** Environment of `docker-credential-…` programs. @default this process's */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Where a login is kept, and whether it was tried. */
export interface LoginResult {
  readonly registry: string;
  /** False when the registry asked for no credentials, so that they could not be tried. */
  readonly verified: boolean;
  /** The configuration file, or the helper program that keeps the password. */
  readonly storedIn: string;
}

/**
 * Tries credentials at a registry and, when it takes them, keeps them where docker does: with the helper that the
 * configuration names, else in the file itself.
 *
 * Rejects with {@link OciError}: `INVALID_REFERENCE`, `UNAUTHORIZED`, `DENIED`, `TIMEOUT`, `UNAVAILABLE`, `INVALID_CONFIG` (also where `hosts`
 * lets others answer for the registry), `CREDENTIAL_HELPER`.
 */
export async function login(options: LoginOptions): Promise<LoginResult> {
  const { username, password, configFile, insecureRegistries = [], hosts, proxy, env, signal } = options;
  if (username === '' || username.includes(':')) {
    throw new OciError('INVALID_CONFIG', 'a user name may not be empty and has no colon in it');
  }
  const registry = registryOf(options.registry);
  // Before the registry is asked, so that nothing is tried that could not be kept.
  const file = await openConfig(configFile, signal);
  const abort = signal === undefined ? {} : { signal };
  await using client = createRegistryClient({
    insecureRegistries,
    ...(hosts === undefined ? {} : { hosts }),
    ...(proxy === undefined ? {} : { proxy }),
  });
  const { verified } = await client.checkCredential(registry, { username, password }, abort);

  const key = dockerKey(registry);
  const helper = helperFor(file.parsed, registry);
  if (helper !== undefined) {
    await helperStore({ key, username, password }, { helper, env, signal });
    // As docker does: the file tells that there is a credential, and not which.
    await writeConfig(configFile, { ...file.config, auths: { ...without(file.auths, key), [key]: {} } });
    return { registry, verified, storedIn: `docker-credential-${helper}` };
  }
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  await writeConfig(configFile, { ...file.config, auths: { ...without(file.auths, key), [key]: { auth } } });
  return { registry, verified, storedIn: configFile };
}

/** Options of {@link logout}. */
export type LogoutOptions = Pick<LoginOptions, 'registry' | 'configFile' | 'env' | 'signal'>;

/** Removes a registry's credentials. Resolves with false when there were none. Rejects with {@link OciError} `INVALID_CONFIG`, `CREDENTIAL_HELPER`. */
export async function logout({ registry, configFile, env, signal }: LogoutOptions): Promise<boolean> {
  const file = await openConfig(configFile, signal);
  const key = dockerKey(registry);
  const helper = helperFor(file.parsed, registry);
  const wasHelped = helper === undefined ? false : await helperErase(key, { helper, env, signal });
  const auths = without(file.auths, key);
  const wasInFile = Object.keys(auths).length < Object.keys(file.auths).length;
  if (wasInFile) await writeConfig(configFile, { ...file.config, auths });
  return wasHelped || wasInFile;
}

/** The host in what people write: a name, a URL, perhaps with a path. */
function registryOf(text: string): string {
  const [host = ''] = canonicalKey(text).split('/');
  const { registry } = parseReference(`${host}/repository`);
  if (registry === host) return registry;
  throw new OciError(
    'INVALID_REFERENCE',
    `"${text}" is no registry: write HOST or HOST:PORT; a host without a dot or port is taken for a repository`,
  );
}

async function openConfig(path: string, signal: AbortSignal | undefined) {
  const text = (await readConfigText(path, signal)) ?? '';
  const config = parseConfigObject(text, path);
  const auths = isRecord(config['auths']) ? config['auths'] : {};
  return { config, auths, parsed: parseDockerConfig(text, path) };
}

/** All entries of the registry go, however they are spelt. */
function without(auths: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  const wanted = canonicalKey(key);
  return Object.fromEntries(Object.entries(auths).filter(([other]) => canonicalKey(other) !== wanted));
}
