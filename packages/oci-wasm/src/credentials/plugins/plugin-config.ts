import { readYamlFile } from '../../config/yaml-file.ts';
import { isRecord } from '../../content/read-descriptor.ts';
import { OciError } from '../../errors.ts';
import { parseGoDuration } from './go-duration.ts';
import { type ImagePattern, parseImagePattern } from './image-pattern.ts';

/** One entry of the kubelet's `CredentialProviderConfig`. */
export interface PluginConfig {
  /** Name of the program in the folder of plug-ins. */
  readonly name: string;
  readonly apiVersion: string;
  readonly matchImages: readonly ImagePattern[];
  readonly defaultCacheMs: number;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const configVersions: readonly unknown[] = ['v1', 'v1beta1', 'v1alpha1'].map(
  (version) => `kubelet.config.k8s.io/${version}`,
);
const pluginVersions: readonly unknown[] = ['v1', 'v1beta1', 'v1alpha1'].map(
  (version) => `credentialprovider.kubelet.k8s.io/${version}`,
);

/**
 * Reads the file that a kubelet is given as `--image-credential-provider-config`, YAML or JSON.
 * Rejects with {@link OciError} `INVALID_CONFIG` that names the file and the key.
 */
export async function readPluginConfig(file: string): Promise<readonly PluginConfig[]> {
  const invalid = (problem: string, cause?: unknown): OciError =>
    new OciError('INVALID_CONFIG', `${file} ${problem}`, { cause });
  const value = await readYamlFile(file, invalid);
  if (!isRecord(value) || value['kind'] !== 'CredentialProviderConfig') {
    throw invalid('is no CredentialProviderConfig: its kind says otherwise');
  }
  if (!configVersions.includes(value['apiVersion'])) {
    throw invalid(`has an apiVersion that is not known; write ${String(configVersions[0])}`);
  }
  const { providers } = value;
  if (!Array.isArray(providers) || providers.length === 0) throw invalid('has no providers');
  const plugins = providers.map((provider: unknown, index) =>
    readPlugin(provider, (problem) => invalid(`, providers[${index}]: ${problem}`)),
  );
  const names = plugins.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(`has two providers with the name ${twice}`);
  return plugins;
}

type Invalid = (problem: string) => OciError;

function readPlugin(value: unknown, invalid: Invalid): PluginConfig {
  if (!isRecord(value)) throw invalid('it is no object');
  const { name, apiVersion, matchImages, defaultCacheDuration, args = [], env = [] } = value;
  if (typeof name !== 'string' || !/^[^/\\\0\s]+$/.test(name) || name === '.' || name === '..') {
    throw invalid('its name is not that of a program in the folder of plug-ins');
  }
  if (!pluginVersions.includes(apiVersion)) {
    throw invalid(`apiVersion is not known; write ${String(pluginVersions[0])}`);
  }
  if (value['tokenAttributes'] !== undefined && value['tokenAttributes'] !== null) {
    throw invalid('tokenAttributes are not supported: service account tokens are not given to plug-ins');
  }
  const defaultCacheMs =
    typeof defaultCacheDuration === 'string' ? parseGoDuration(defaultCacheDuration) : undefined;
  if (defaultCacheMs === undefined)
    throw invalid('defaultCacheDuration must be a duration, such as "12h" or "0s"');
  if (!isStringList(args)) throw invalid('args must be a list of texts');
  return {
    name,
    apiVersion: String(apiVersion),
    matchImages: readPatterns(matchImages, invalid),
    defaultCacheMs,
    args,
    env: readEnv(env, invalid),
  };
}

function readPatterns(value: unknown, invalid: Invalid): readonly ImagePattern[] {
  if (!isStringList(value) || value.length === 0) throw invalid('matchImages must name at least one image');
  return value.map((text) => {
    const pattern = parseImagePattern(text);
    if (pattern === undefined)
      throw invalid(`matchImages: "${text}" is no HOST[:PORT][/PATH], without a scheme`);
    return pattern;
  });
}

function readEnv(value: unknown, invalid: Invalid): Readonly<Record<string, string>> {
  const entries = Array.isArray(value) ? value : value === null ? [] : undefined;
  if (entries === undefined) throw invalid('env must be a list of names and values');
  return Object.fromEntries(
    entries.map((entry: unknown): [string, string] => {
      const { name, value: text = '' } = isRecord(entry) ? entry : {};
      if (typeof name !== 'string' || name === '' || typeof text !== 'string') {
        throw invalid('env must be a list of names and values');
      }
      return [name, text];
    }),
  );
}

function isStringList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
