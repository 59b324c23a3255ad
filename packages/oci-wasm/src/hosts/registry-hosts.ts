import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OciError } from '../errors.ts';
import { type HostEntry, parseHostsFile } from './hosts-file.ts';
import { hostCapabilities, type RegistryHost, type RegistryHosts } from './registry-host.ts';
import {
  checkCertificates,
  type ClientCertificate,
  type RegistryTls,
  secureContextOf,
} from './tls-settings.ts';

/** Options of {@link registryHosts}. */
export interface RegistryHostsOptions {
  /** e.g. `/etc/containerd/certs.d`; one folder per registry. */
  readonly directory: string;
}

/**
 * Mirrors, certificates and headers of registries from containerd's folders: `HOST_PORT_`, `HOST:PORT` (or `HOST`),
 * then `_default`, each with a `hosts.toml`, or with certificates as docker has them (`*.crt` to be trusted, `*.cert`
 * with `*.key` to be shown).
 *
 * All folders are read at once, so that what is wrong with one is told at the start, and again whenever a registry is
 * looked up. Both reject with {@link OciError} `INVALID_CONFIG` that names the file.
 */
export async function registryHosts({ directory }: RegistryHostsOptions): Promise<RegistryHosts> {
  for (const folder of await foldersIn(directory)) await readFolder(join(directory, folder));
  return {
    async find(registry, { signal } = {}) {
      for (const folder of foldersOf(registry)) {
        signal?.throwIfAborted();
        const hosts = await readFolder(join(directory, folder));
        if (hosts !== undefined) return hosts;
      }
      return undefined;
    },
  };
}

/** Registries come from references, which have no separators and no dots alone in them. */
function foldersOf(registry: string): readonly string[] {
  const escaped = registry.replace(/:(\d+)$/, '_$1_');
  return [...new Set([escaped, registry, '_default'])];
}

async function foldersIn(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => name)
      .toSorted();
  } catch (cause) {
    const problem = `the folder of registry hosts ${directory} cannot be read: ${(cause as Error).message}`;
    throw new OciError('INVALID_CONFIG', problem, { cause });
  }
}

/** The hosts of one folder; undefined when there is no such folder, or nothing for us in it. */
async function readFolder(folder: string): Promise<readonly RegistryHost[] | undefined> {
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new OciError('INVALID_CONFIG', `${folder} cannot be read: ${message}`, { cause });
  }
  const file = join(folder, 'hosts.toml');
  const text = names.includes('hosts.toml') ? await readText(file) : '';
  if (text.trim() !== '') {
    const entries = await parseHostsFile(text, file);
    return Promise.all(entries.map((entry) => hostOf(entry, file)));
  }
  const entry = certificatesIn(folder, names);
  return entry === undefined ? undefined : [await hostOf(entry, folder)];
}

/** Docker's way: certificates beside each other, told apart by their endings. */
function certificatesIn(folder: string, names: readonly string[]): HostEntry | undefined {
  const named = (ending: string): readonly string[] =>
    names.filter((name) => name.endsWith(ending)).toSorted();
  const caFiles = named('.crt').map((name) => join(folder, name));
  const clientFiles = named('.cert').map((name) => ({
    cert: join(folder, name),
    key: join(folder, name.replace(/\.cert$/, '.key')),
  }));
  if (caFiles.length + clientFiles.length === 0) return undefined;
  const rest = { skipVerify: false, headers: {}, connectMs: undefined };
  return { url: undefined, capabilities: hostCapabilities, caFiles, clientFiles, ...rest };
}

async function hostOf(entry: HostEntry, name: string): Promise<RegistryHost> {
  const { url, capabilities, caFiles, clientFiles, skipVerify, headers, connectMs } = entry;
  const authorities = await Promise.all(
    caFiles.map(async (file) => {
      const ca = await readText(file);
      // One by one, so that the message names the file.
      checkCertificates(ca, file);
      return ca;
    }),
  );
  const clients = await Promise.all(
    clientFiles.map(async ({ cert: certFile, key: keyFile }): Promise<ClientCertificate> => {
      const cert = await readText(certFile);
      const client = { cert, key: keyFile === undefined ? cert : await readText(keyFile) };
      secureContextOf({ clients: [client] }, certFile);
      return client;
    }),
  );
  const tls: RegistryTls = {
    ...(authorities.length === 0 ? {} : { ca: authorities.join('\n') }),
    ...(clients.length === 0 ? {} : { clients }),
    skipVerify,
  };
  const settings = { name, tls, headers, ...(connectMs === undefined ? {} : { connectMs }) };
  return { url, capabilities, settings };
}

const maxFileBytes = 4 * 1024 * 1024;

async function readText(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new OciError('INVALID_CONFIG', `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (text.length <= maxFileBytes) return text;
  throw new OciError('INVALID_CONFIG', `${file} is larger than ${maxFileBytes} bytes`);
}
