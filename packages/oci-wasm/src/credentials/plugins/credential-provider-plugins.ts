import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { abortable } from '../../content/abortable.ts';
import { OciError } from '../../errors.ts';
import type { Credential, CredentialSource } from '../credential.ts';
import { type PluginConfig, readPluginConfig } from './plugin-config.ts';
import { type PluginAnswer, runPlugin } from './run-plugin.ts';

/** Options of {@link credentialProviderPlugins}. */
export interface CredentialProviderOptions {
  /** The kubelet's `CredentialProviderConfig` (`--image-credential-provider-config`), YAML or JSON; read once. */
  readonly configFile: string;
  /** Folder of the programs (`--image-credential-provider-bin-dir`). */
  readonly binDirectory: string;
  /** Environment of the programs, to which the configuration adds. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For one answer. @default 60_000 */
  readonly timeoutMs?: number;
}

/** Answers that are kept; the oldest is dropped. */
const maxAnswers = 1_000;
/** As the kubelet waits. */
const defaultTimeoutMs = 60_000;

interface Kept {
  readonly answer: PluginAnswer;
  /** By `performance.now()`. */
  readonly expiresAt: number;
}

/**
 * Credentials from the kubelet's credential-provider plug-ins (`credentialprovider.kubelet.k8s.io/v1`), such as those
 * of ECR, Artifact Registry and ACR. Plug-ins whose `matchImages` fit are asked in the order of the file; answers are
 * kept as they say.
 *
 * Rejects with {@link OciError} `INVALID_CONFIG` for a configuration that cannot be used, or a program that is not
 * there. `find` rejects with `CREDENTIAL_HELPER` when a plug-in failed and no other gave a credential.
 */
export async function credentialProviderPlugins(
  options: CredentialProviderOptions,
): Promise<CredentialSource> {
  const { configFile, binDirectory, env, timeoutMs = defaultTimeoutMs } = options;
  const plugins = await readPluginConfig(configFile);
  await Promise.all(plugins.map(({ name }) => checkProgram(join(binDirectory, name), configFile)));
  const kept = new Map<string, Kept>();
  const running = new Map<string, Promise<PluginAnswer>>();

  const remember = (plugin: PluginConfig, image: string, answer: PluginAnswer): void => {
    if (answer.cacheMs <= 0) return;
    const key = cacheKeys(plugin, image)[answer.cacheKey];
    kept.delete(key);
    kept.set(key, { answer, expiresAt: performance.now() + answer.cacheMs });
    const [oldest] = kept.keys();
    if (kept.size > maxAnswers && oldest !== undefined) kept.delete(oldest);
  };

  const recall = (plugin: PluginConfig, image: string): PluginAnswer | undefined => {
    for (const key of Object.values(cacheKeys(plugin, image))) {
      const found = kept.get(key);
      if (found !== undefined && found.expiresAt > performance.now()) return found.answer;
      kept.delete(key);
    }
    return undefined;
  };

  /** Shared by all who wait for it, so not ended with any one of them; its own time limit bounds it. */
  const ask = (plugin: PluginConfig, image: string): Promise<PluginAnswer> => {
    const key = cacheKeys(plugin, image).Image;
    const asking =
      running.get(key) ??
      runPlugin(plugin, image, { binDirectory, env, timeoutMs })
        .then((answer) => {
          remember(plugin, image, answer);
          return answer;
        })
        .finally(() => running.delete(key));
    running.set(key, asking);
    return asking;
  };

  return {
    async find({ registry, repository }, { signal } = {}) {
      signal?.throwIfAborted();
      const image = repository === undefined ? registry : `${registry}/${repository}`;
      const fitting = plugins.filter(({ matchImages }) =>
        matchImages.some((pattern) => pattern.matches(image)),
      );
      const results = await abortable(
        Promise.allSettled(
          fitting.map(async (plugin) => recall(plugin, image) ?? (await ask(plugin, image))),
        ),
        signal,
      );
      const found = results.flatMap((result) =>
        result.status === 'fulfilled' ? credentialsFor(result.value, image) : [],
      );
      const failure = results.find((result) => result.status === 'rejected');
      if (found.length === 0 && failure !== undefined) throw failure.reason;
      return found;
    },
  };
}

function credentialsFor({ credentials }: PluginAnswer, image: string): readonly Credential[] {
  return credentials.filter(({ pattern }) => pattern.matches(image)).map(({ credential }) => credential);
}

/** In the order in which the kubelet looks them up. */
function cacheKeys({ name }: PluginConfig, image: string): Record<PluginAnswer['cacheKey'], string> {
  const [registry = ''] = image.split('/');
  return {
    Image: `${name}\nimage ${image}`,
    Registry: `${name}\nregistry ${registry}`,
    Global: `${name}\nglobal`,
  };
}

async function checkProgram(path: string, configFile: string): Promise<void> {
  try {
    await access(path, constants.X_OK);
  } catch (cause) {
    const problem = `${configFile} names the credential provider ${path}, which is no program that can be run`;
    throw new OciError('INVALID_CONFIG', problem, { cause });
  }
}
