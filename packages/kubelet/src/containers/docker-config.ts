import type { V1Secret } from '@kubernetes/client-node';
import type { RegistryCredential } from '../provider.ts';

/** One entry of docker's `auths`. */
export interface DockerAuth {
  /** Registry or part of one, as it is written. */
  readonly key: string;
  readonly credential: Omit<RegistryCredential, 'source'>;
}

/**
 * The credentials in a Secret of type `kubernetes.io/dockerconfigjson` or `kubernetes.io/dockercfg`; `undefined` when
 * there is neither in it or it is not JSON of that shape. Entries without any credential are left out.
 */
export function readDockerSecret({ data }: V1Secret): readonly DockerAuth[] | undefined {
  const config = data?.['.dockerconfigjson'];
  const legacy = data?.['.dockercfg'];
  const auths =
    config === undefined ? parseObject(legacy ?? '') : asObject(parseObject(config)?.['auths'] ?? undefined);
  if (auths === undefined) return undefined;
  return Object.entries(auths)
    .slice(0, maxEntries)
    .flatMap(([key, entry]) => {
      const credential = readEntry(asObject(entry) ?? {});
      return credential === undefined ? [] : [{ key, credential }];
    });
}

const maxEntries = 1_000;

function readEntry(entry: Readonly<Record<string, unknown>>): DockerAuth['credential'] | undefined {
  const { username, password } = decodeAuth(text(entry['auth'])) ?? {
    username: text(entry['username']),
    password: text(entry['password']),
  };
  const identityToken = text(entry['identitytoken']);
  const registryToken = text(entry['registrytoken']);
  const credential = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(identityToken === undefined ? {} : { identityToken }),
    ...(registryToken === undefined ? {} : { registryToken }),
  };
  return Object.keys(credential).length === 0 ? undefined : credential;
}

/** `auth` is base64 of `username:password`; docker pads the password with NUL. */
function decodeAuth(auth: string | undefined): { username: string; password: string } | undefined {
  const [, username, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(auth ?? '', 'base64').toString()) ?? [];
  if (username === undefined || password === undefined) return undefined;
  return { username, password: password.replace(/\0+$/, '') };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function parseObject(base64: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return asObject(JSON.parse(Buffer.from(base64, 'base64').toString()));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}
