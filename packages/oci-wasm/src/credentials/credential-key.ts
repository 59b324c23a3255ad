import type { CredentialScope } from './credential.ts';

/** Docker's name for its own registry, in configuration files and helpers. */
export const dockerHubKey = 'https://index.docker.io/v1/';

const dockerHub = 'docker.io';
const dockerHubNames: readonly string[] = [
  'docker.io',
  'index.docker.io',
  'registry-1.docker.io',
  'www.docker.io',
];

/** The form in which keys are compared: no scheme, no API root, Docker Hub's several names one. */
export function canonicalKey(key: string): string {
  const bare = key
    .trim()
    .replace(/^https?:\/\//i, '')
    .replace(/\/+$/, '')
    // Docker writes the roots of the API (https://index.docker.io/v1/); they mean the whole registry.
    .replace(/^([^/]+)\/v[12]$/, '$1');
  const [host = '', ...path] = bare.split('/');
  const lower = host.toLowerCase();
  return [dockerHubNames.includes(lower) ? dockerHub : lower, ...path].join('/');
}

/** The key under which docker keeps a registry. */
export function dockerKey(registry: string): string {
  const canonical = canonicalKey(registry);
  return canonical === dockerHub ? dockerHubKey : canonical;
}

/**
 * How well a key fits: the length of its match, or `undefined`. A key is a registry, or a registry with the
 * beginning of a repository; hosts are equal or they are not.
 */
export function matchLength(key: string, { registry, repository }: CredentialScope): number | undefined {
  const wanted = canonicalKey(key);
  const scope = `${canonicalKey(registry)}${repository === undefined ? '' : `/${repository}`}`;
  return scope === wanted || scope.startsWith(`${wanted}/`) ? wanted.length : undefined;
}
