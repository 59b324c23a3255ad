import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { UsageError } from '../errors.ts';

const schema = z.strictObject({
  listenerAddress: z.string().optional(),
  listenerPort: z.union([z.number(), z.string()]).optional(),
  healthzPort: z.union([z.number(), z.string()]).optional(),
  maxPods: z.union([z.number(), z.string()]).optional(),
  tlsCertificateFile: z.string().optional(),
  tlsPrivateKeyFile: z.string().optional(),
  clientCAFile: z.string().optional(),
  nodeIP: z.string().optional(),
  nodeLabels: z.record(z.string(), z.string()).optional(),
  hostname: z.string().optional(),
  nodeName: z.string().optional(),
  dataDir: z.string().optional(),
  bootstrapFile: z.string().optional(),
  pluginsDir: z.string().optional(),
  devicePluginsDir: z.string().optional(),
  allowLocalModules: z.boolean().optional(),
  insecureRegistries: z.array(z.string()).optional(),
  registryHostsDir: z.string().optional(),
  imageCredentialProviderConfig: z.string().optional(),
  imageCredentialProviderBinDir: z.string().optional(),
  signaturePolicy: z.string().optional(),
  imageGCHighThresholdPercent: z.union([z.number(), z.string()]).optional(),
  imageGCLowThresholdPercent: z.union([z.number(), z.string()]).optional(),
  imageMinimumGCAge: z.string().optional(),
  egressAllow: z.array(z.string()).optional(),
  egressCeiling: z.array(z.string()).optional(),
  egressGuard: z.array(z.string()).optional(),
  isolation: z.array(z.string()).optional(),
  manifests: z.string().optional(),
});

/** The keys of `--config FILE`: Krustlet's, and wasmlet's own. */
export type ConfigFile = z.infer<typeof schema>;

/**
 * Reads the configuration file: the one given (YAML or JSON, unknown keys are errors), else
 * `~/.wasmlet/config/config.yaml`, else Krustlet's `~/.krustlet/config/config.json` (whose unknown keys are
 * ignored, as Krustlet did), else nothing.
 *
 * @throws {@link UsageError} naming the file and the key.
 */
export async function readConfigFile(
  given: string | undefined,
  home: string = homedir(),
): Promise<ConfigFile> {
  if (given !== undefined) return parseFile(given, await readGiven(given), schema);
  for (const name of ['config.yaml', 'config.json']) {
    const path = join(home, '.wasmlet', 'config', name);
    const text = await readIfPresent(path);
    if (text !== undefined) return parseFile(path, text, schema);
  }
  const krustlet = join(home, '.krustlet', 'config', 'config.json');
  const text = await readIfPresent(krustlet);
  return text === undefined ? {} : parseFile(krustlet, text, schema.loose());
}

function parseFile(path: string, text: string, expected: z.ZodType<ConfigFile>): ConfigFile {
  let value: unknown;
  try {
    value = parse(text) ?? {};
  } catch (cause) {
    const where = cause instanceof YAMLParseError ? cause.message.split('\n')[0] : String(cause);
    throw new UsageError(`The configuration file ${path} cannot be parsed: ${where}`, { cause });
  }
  const result = expected.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = issue && issue.path.length > 0 ? `, key ${issue.path.join('.')}` : '';
  throw new UsageError(`The configuration file ${path}${place}: ${issue?.message ?? 'is not valid'}`);
}

async function readGiven(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`The configuration file ${path} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UsageError(`The configuration file ${path} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}
