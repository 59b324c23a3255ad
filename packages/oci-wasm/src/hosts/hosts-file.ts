import { dirname, resolve } from 'node:path';
import { isRecord } from '../content/read-descriptor.ts';
import { parseGoDuration } from '../credentials/plugins/go-duration.ts';
import { OciError } from '../errors.ts';
import { type HostCapability, hostCapabilities } from './registry-host.ts';

/** One host of a `hosts.toml`, before the files that it names are read. */
export interface HostEntry {
  /** Root of the API; undefined for the registry's own place, when the file names no server. */
  readonly url: URL | undefined;
  readonly capabilities: readonly HostCapability[];
  /** Absolute paths. */
  readonly caFiles: readonly string[];
  /** Absolute paths; a certificate whose key is in the same file has none. */
  readonly clientFiles: readonly { readonly cert: string; readonly key: string | undefined }[];
  readonly skipVerify: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly connectMs: number | undefined;
}

const maxFileBytes = 1024 * 1024;
const maxHosts = 32;

/**
 * Reads containerd's `hosts.toml`: the hosts in their order, the server last. `file` is for messages, and its folder
 * for relative paths. Rejects with {@link OciError} `INVALID_CONFIG` that names the file and the key.
 */
export async function parseHostsFile(text: string, file: string): Promise<readonly HostEntry[]> {
  const invalid: Invalid = (problem, cause) =>
    new OciError('INVALID_CONFIG', `${file}${problem}; correct it, or move it away`, { cause });
  if (text.length > maxFileBytes) throw invalid(` is larger than ${maxFileBytes} bytes`);
  const { parse } = await import('smol-toml');
  let root: Readonly<Record<string, unknown>>;
  try {
    root = parse(text, { maxDepth: 8 });
  } catch (cause) {
    throw invalid(` is no TOML: ${(cause as Error).message.split('\n')[0]}`, cause);
  }
  const { server = '', host: hosts = {} } = root;
  if (typeof server !== 'string') throw invalid(': server must be a URL');
  if (!isRecord(hosts)) throw invalid(': host must be tables, [host."https://mirror.example"]');
  const entries = Object.entries(hosts);
  if (entries.length > maxHosts) throw invalid(` has more than ${maxHosts} hosts`);
  const folder = dirname(file);
  return [
    ...entries.map(([url, table]): HostEntry => {
      const within: Invalid = (problem, cause) => invalid(`, host "${url}"${problem}`, cause);
      if (!isRecord(table)) throw within(' is no table');
      return readHost(url, table, folder, within);
    }),
    readHost(server, root, folder, invalid),
  ];
}

type Invalid = (problem: string, cause?: unknown) => OciError;

function readHost(
  url: string,
  table: Readonly<Record<string, unknown>>,
  folder: string,
  invalid: Invalid,
): HostEntry {
  const { override_path: overridePath = false, skip_verify: skipVerify = false } = table;
  if (typeof overridePath !== 'boolean') throw invalid(': override_path must be true or false');
  if (typeof skipVerify !== 'boolean') throw invalid(': skip_verify must be true or false');
  return {
    url: url === '' ? undefined : readUrl(url, overridePath, invalid),
    capabilities: readCapabilities(table['capabilities'], invalid),
    caFiles: readTexts(table['ca'], 'ca', invalid).map((path) => resolve(folder, path)),
    clientFiles: readClients(table['client'], invalid).map(([cert, key]) => ({
      cert: resolve(folder, cert),
      key: key === undefined || key === '' ? undefined : resolve(folder, key),
    })),
    skipVerify,
    headers: readHeaders(table['header'], invalid),
    connectMs: readDuration(table['dial_timeout'], invalid),
  };
}

/** As containerd: https unless it says otherwise, and `/v2` behind a path that has it not, unless it is overridden. */
function readUrl(text: string, overridePath: boolean, invalid: Invalid): URL {
  const full = /^https?:\/\//i.test(text) ? text : `https://${text}`;
  if (!URL.canParse(full)) throw invalid(`: "${text}" is no URL`);
  const url = new URL(full);
  if (url.username !== '' || url.search !== '' || url.hash !== '') {
    throw invalid(`: "${url.origin}" must be a URL without user, query and fragment`);
  }
  const path = url.pathname.replace(/\/+$/, '');
  url.pathname = overridePath || path.endsWith('/v2') ? path : `${path}/v2`;
  return url;
}

function readCapabilities(value: unknown, invalid: Invalid): readonly HostCapability[] {
  const texts = readTexts(value, 'capabilities', invalid);
  if (texts.length === 0) return hostCapabilities;
  return texts.flatMap((text): readonly HostCapability[] => {
    const known = hostCapabilities.find((capability) => capability === text.toLowerCase());
    if (known !== undefined) return [known];
    // containerd's fourth: signatures and the like are asked for at the server alone.
    if (text.toLowerCase() === 'referrers') return [];
    throw invalid(`: the capability "${text}" is not known; there are ${hostCapabilities.join(', ')}`);
  });
}

/** A text, or a list of texts. */
function readTexts(value: unknown, key: string, invalid: Invalid): readonly string[] {
  if (value === undefined) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.every((item) => typeof item === 'string')) return list;
  throw invalid(`: ${key} must be a text or a list of texts`);
}

/** `"both.pem"`, `["a.pem", "b.pem"]`, `[["client.cert", "client.key"]]`. */
function readClients(value: unknown, invalid: Invalid): readonly (readonly [string, string?])[] {
  if (value === undefined) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((item): readonly [string, string?] => {
    if (typeof item === 'string') return [item];
    const [cert, key, ...more] = readTexts(item, 'client', invalid);
    if (cert === undefined || more.length > 0) {
      throw invalid(': client must be files, or pairs of a certificate and its key');
    }
    return key === undefined ? [cert] : [cert, key];
  });
}

function readHeaders(value: unknown, invalid: Invalid): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (!isRecord(value)) throw invalid(': header must be a table');
  return Object.fromEntries(
    Object.entries(value).map(([name, texts]) => {
      const text = readTexts(texts, `header.${name}`, invalid).join(', ');
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !/^[\t\x20-\x7e]*$/.test(text)) {
        // A header may hold a secret: its name tells enough.
        throw invalid(`: header.${name} cannot be sent`);
      }
      return [name.toLowerCase(), text];
    }),
  );
}

function readDuration(value: unknown, invalid: Invalid): number | undefined {
  if (value === undefined || value === '') return undefined;
  const ms = typeof value === 'string' ? parseGoDuration(value) : undefined;
  if (ms === undefined) throw invalid(': dial_timeout must be a duration, such as "3s"');
  return ms === 0 ? undefined : ms;
}
