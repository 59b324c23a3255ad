import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { dirname, resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Access, AccessSource } from '../cluster/api-server/access.ts';
import { IdentityError } from './identity-error.ts';

/** One kubeconfig file, seen through its current context. */
export interface Kubeconfig extends AccessSource {
  readonly path: string;
  /** Name of the current context's user, for messages. */
  readonly user: string;
  /** Reads the file anew each time; exec plug-ins and token files are asked again. */
  load(): Promise<Access>;
}

/**
 * Opens a kubeconfig and checks that its current context leads to a server.
 * Rejects with {@link IdentityError}: `KUBECONFIG_MISSING`, `KUBECONFIG_UNREADABLE`, `KUBECONFIG_MALFORMED`.
 */
export async function openKubeconfig(path: string): Promise<Kubeconfig> {
  const config = await parseFile(path);
  return {
    path,
    user: config.getCurrentUser()?.name ?? '(none)',
    load: async () => accessOf(await parseFile(path), path),
  };
}

async function parseFile(path: string): Promise<KubeConfig> {
  const text = await readText(path);
  // The whole client library would cost 85 MB of memory; this module of it is bundled into ours.
  const { KubeConfig: Config } = await import('@kubernetes/client-node/dist/config.js');
  const config = new Config();
  try {
    config.loadFromString(text);
    config.makePathsAbsolute(dirname(resolve(path)));
  } catch (cause) {
    throw malformed(path, (cause as Error).message, cause);
  }
  const context = config.getContextObject(config.getCurrentContext() ?? '');
  if (context === null) throw malformed(path, 'current-context names no context');
  if (config.getCurrentCluster() === null) throw malformed(path, `there is no cluster "${context.cluster}"`);
  return config;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new IdentityError('KUBECONFIG_MISSING', `there is no kubeconfig ${path}`, { cause });
    }
    const reason = (cause as Error).message;
    throw new IdentityError('KUBECONFIG_UNREADABLE', `cannot read the kubeconfig ${path}: ${reason}`, {
      cause,
    });
  }
}

async function accessOf(config: KubeConfig, path: string): Promise<Access> {
  const cluster = config.getCurrentCluster();
  let server: URL;
  try {
    server = new URL(cluster?.server ?? '');
  } catch (cause) {
    throw malformed(path, `"${cluster?.server}" is no URL of an API server`, cause);
  }
  if (cluster?.proxyUrl) throw malformed(path, 'proxy-url is not supported');
  const options: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (cause) {
    // Files that the kubeconfig points to, or its exec plug-in.
    throw new IdentityError(
      'KUBECONFIG_UNREADABLE',
      `the credentials of user "${config.getCurrentUser()?.name}" in ${path} cannot be read: ${(cause as Error).message}`,
      { cause },
    );
  }
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  return {
    server,
    tls: {
      ...pem('ca', ca),
      ...pem('cert', cert),
      ...pem('key', key),
      ...(servername === undefined ? {} : { servername }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    },
    headers: authorization(options),
  };
}

function pem<K extends 'ca' | 'cert' | 'key'>(name: K, value: unknown): { [P in K]?: string } {
  if (typeof value !== 'string' && !Buffer.isBuffer(value)) return {};
  return { [name]: value.toString() } as { [P in K]?: string };
}

function authorization({ headers, auth }: RequestOptions): Readonly<Record<string, string>> {
  const given = (headers as Readonly<Record<string, unknown>> | undefined)?.['Authorization'];
  if (typeof given === 'string') return { authorization: given };
  if (auth) return { authorization: `Basic ${Buffer.from(auth).toString('base64')}` };
  return {};
}

function malformed(path: string, reason: string, cause?: unknown): IdentityError {
  const message = `the kubeconfig ${path} cannot be used: ${reason}`;
  return new IdentityError('KUBECONFIG_MALFORMED', message, cause === undefined ? {} : { cause });
}
