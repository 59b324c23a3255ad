import { join } from 'node:path';
import { isRecord } from '../../content/read-descriptor.ts';
import { OciError } from '../../errors.ts';
import type { Credential } from '../credential.ts';
import { runProgram } from '../run-program.ts';
import { parseGoDuration } from './go-duration.ts';
import { type ImagePattern, parseImagePattern } from './image-pattern.ts';
import type { PluginConfig } from './plugin-config.ts';

/** What a plug-in has said. */
export interface PluginAnswer {
  /** For what the answer may be used again. */
  readonly cacheKey: 'Image' | 'Registry' | 'Global';
  readonly cacheMs: number;
  readonly credentials: readonly PluginCredential[];
}

export interface PluginCredential {
  readonly pattern: ImagePattern;
  readonly credential: Credential;
}

export interface RunPluginOptions {
  readonly binDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
}

const maxOutputBytes = 256 * 1024;
const maxCredentials = 100;

/**
 * Asks a plug-in for an image's credentials (KEP-2133): a request on stdin, an answer on stdout, no shell.
 * Rejects with {@link OciError} `CREDENTIAL_HELPER`; what the plug-in has printed is not in it.
 */
export async function runPlugin(
  plugin: PluginConfig,
  image: string,
  options: RunPluginOptions,
): Promise<PluginAnswer> {
  const { name, args, apiVersion } = plugin;
  const { binDirectory, env, timeoutMs } = options;
  const { failure, output } = await runProgram({
    program: join(binDirectory, name),
    args,
    input: JSON.stringify({ apiVersion, kind: 'CredentialProviderRequest', image }),
    env: { ...env, ...plugin.env },
    timeoutMs,
    maxOutputBytes,
    fail: (problem, cause) => failed(name, problem, cause),
  });
  if (failure !== undefined) throw failed(name, `failed with ${failure}`);
  return readAnswer(plugin, output);
}

function readAnswer({ name, apiVersion, defaultCacheMs }: PluginConfig, text: string): PluginAnswer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw failed(name, 'answered no JSON');
  }
  if (!isRecord(value) || value['kind'] !== 'CredentialProviderResponse') {
    throw failed(name, 'answered no CredentialProviderResponse');
  }
  if (value['apiVersion'] !== apiVersion) {
    throw failed(name, `answered in another version of the API than ${apiVersion}`);
  }
  const { cacheKeyType, cacheDuration, auth } = value;
  if (cacheKeyType !== 'Image' && cacheKeyType !== 'Registry' && cacheKeyType !== 'Global') {
    throw failed(name, 'answered a cacheKeyType that is none of Image, Registry and Global');
  }
  const cacheMs =
    cacheDuration === undefined || cacheDuration === null
      ? defaultCacheMs
      : parseGoDuration(typeof cacheDuration === 'string' ? cacheDuration : '');
  if (cacheMs === undefined) throw failed(name, 'answered a cacheDuration that is no duration');
  return { cacheKey: cacheKeyType, cacheMs, credentials: readCredentials(name, auth) };
}

/** The longest pattern first, as the kubelet tries them. */
function readCredentials(name: string, auth: unknown): readonly PluginCredential[] {
  if (!isRecord(auth)) return [];
  return Object.entries(auth)
    .slice(0, maxCredentials)
    .flatMap(([key, entry]) => {
      const pattern = parseImagePattern(key);
      const { username, password } = isRecord(entry) ? entry : {};
      if (pattern === undefined || typeof username !== 'string' || typeof password !== 'string') return [];
      return [{ pattern, credential: { source: `credential provider ${name}`, username, password } }];
    })
    .toSorted((a, b) => b.pattern.text.length - a.pattern.text.length);
}

function failed(name: string, problem: string, cause?: unknown): OciError {
  return new OciError('CREDENTIAL_HELPER', `credential provider ${name} ${problem}`, { cause });
}
