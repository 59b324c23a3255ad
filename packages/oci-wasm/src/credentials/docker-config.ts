import { isRecord } from '../content/read-descriptor.ts';
import { OciError } from '../errors.ts';
import type { Credential } from './credential.ts';
import type { ScopedCredential } from './static-credentials.ts';

/** Docker's configuration, as far as it is about credentials. */
export interface DockerConfig {
  readonly auths: readonly ScopedCredential[];
  /** Registry → name of the helper program (`docker-credential-NAME`). */
  readonly credHelpers: Readonly<Record<string, string>>;
  /** Name of the helper for all other registries. */
  readonly credsStore: string | undefined;
}

/** Registries of one file; the rest is not looked at. */
const maxEntries = 1_000;
const maxFileBytes = 1024 * 1024;

/**
 * Reads `config.json`, a secret's `.dockerconfigjson`, or the older `.dockercfg`, which is the inner object alone.
 * `name` is for messages.
 *
 * Throws {@link OciError} `INVALID_CONFIG`.
 */
export function parseDockerConfig(text: string, name: string): DockerConfig {
  const value = parseConfigObject(text, name);
  const { auths, credHelpers, credsStore } = value;
  const isLegacy = auths === undefined && credHelpers === undefined && credsStore === undefined;
  return {
    auths: readAuths(isLegacy ? value : auths, name),
    credHelpers: readHelpers(credHelpers),
    credsStore: typeof credsStore === 'string' && credsStore !== '' ? credsStore : undefined,
  };
}

/** The credentials in a Kubernetes pull secret (`.dockerconfigjson` or `.dockercfg`). Throws {@link OciError} `INVALID_CONFIG`. */
export function parseDockerConfigJson(json: string, source?: string): readonly ScopedCredential[] {
  return parseDockerConfig(json, source ?? 'the pull secret').auths;
}

/** The file's object with all its keys, for whoever writes it back. */
export function parseConfigObject(text: string, name: string): Readonly<Record<string, unknown>> {
  const invalid = (problem: string): OciError =>
    new OciError('INVALID_CONFIG', `${name} ${problem}; correct or remove it`);
  if (text.length > maxFileBytes) throw invalid(`is larger than ${maxFileBytes} bytes`);
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message would quote the file, which has passwords in it.
    throw invalid('is not JSON');
  }
  if (!isRecord(value)) throw invalid('is no JSON object');
  return value;
}

function readAuths(value: unknown, source: string): readonly ScopedCredential[] {
  if (!isRecord(value)) return [];
  return Object.entries(value)
    .slice(0, maxEntries)
    .flatMap(([key, entry]) => {
      const credential = isRecord(entry) ? readAuth(entry) : undefined;
      return credential === undefined ? [] : [{ key, source, ...credential }];
    });
}

function readHelpers(value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) return {};
  const helpers = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(helpers.slice(0, maxEntries));
}

/** `undefined` for entries without any credential, which docker leaves behind when a helper keeps it. */
function readAuth(entry: Readonly<Record<string, unknown>>): Credential | undefined {
  const { username, password } = decodeAuth(nonEmpty(entry['auth'])) ?? {
    username: nonEmpty(entry['username']),
    password: nonEmpty(entry['password']),
  };
  const identityToken = nonEmpty(entry['identitytoken']);
  const registryToken = nonEmpty(entry['registrytoken']);
  if (identityToken !== undefined) return { ...(username === undefined ? {} : { username }), identityToken };
  if (registryToken !== undefined) return { registryToken };
  return username === undefined || password === undefined ? undefined : { username, password };
}

/** `auth` is base64 of `username:password`; docker pads the password with NUL. */
function decodeAuth(
  auth: string | undefined,
): { readonly username: string; readonly password: string } | undefined {
  if (auth === undefined) return undefined;
  const [, username, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(auth, 'base64').toString()) ?? [];
  if (username === undefined || password === undefined) return undefined;
  return { username, password: password.replace(/\0+$/, '') };
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
