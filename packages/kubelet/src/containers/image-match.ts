/** A registry or part of one, as the keys of docker's `auths` name it: host, perhaps a port and a path. */
export interface RegistryScope {
  /** Lower case; labels may be globs. Docker Hub's several names are one. */
  readonly host: string;
  readonly port: string;
  /** Empty, or begins with a slash. */
  readonly path: string;
}

/** `undefined` when it names no host, or is longer than any name of a registry. */
export function parseScope(key: string): RegistryScope | undefined {
  if (key.length > maxKeyLength) return undefined;
  const [, authority = '', rest = ''] = /^(?:https?:\/\/)?([^/]*)(.*)$/s.exec(key) ?? [];
  const [, host = '', port = ''] = /^(.*?)(?::(\d+))?$/s.exec(authority) ?? [];
  if (host === '') return undefined;
  // docker writes API roots (https://index.docker.io/v1/); they mean the whole registry.
  const path = rest.replace(/^\/v[12]\//, '/').replace(/\/+$/, '');
  return { host: canonicalHost(host.toLowerCase()), port, path };
}

/** Where an image comes from, by docker's rules: without a registry, from Docker Hub. */
export function imageScope(reference: string): RegistryScope | undefined {
  const name = reference.replace(/@[^@]*$/, '').replace(/:[^:/]*$/, '');
  const [first = '', ...rest] = name.split('/');
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const scope = parseScope(hasRegistry ? name : `${dockerHub}/${name}`);
  const isOfficial = scope?.host === dockerHub && !scope.path.slice(1).includes('/');
  return isOfficial ? { ...scope, path: `/library${scope.path}` } : scope;
}

/**
 * Whether credentials for `scope` are for `image`: as many labels, each matching; the same port; the image's path
 * begins with the scope's.
 */
export function scopeMatches(scope: RegistryScope, image: RegistryScope): boolean {
  const globs = scope.host.split('.');
  const labels = image.host.split('.');
  return (
    globs.length === labels.length &&
    globs.every((glob, index) => labelMatches(glob, labels[index] ?? '')) &&
    scope.port === image.port &&
    image.path.startsWith(scope.path)
  );
}

const maxKeyLength = 1024;
const dockerHub = 'docker.io';
const hubNames: readonly string[] = ['docker.io', 'index.docker.io', 'registry-1.docker.io', 'www.docker.io'];

function canonicalHost(host: string): string {
  return hubNames.includes(host) ? dockerHub : host;
}

/** A glob in which `*` stands for any characters, matched without backtracking. */
function labelMatches(glob: string, label: string): boolean {
  const [head = '', ...parts] = glob.split('*');
  if (parts.length === 0) return glob === label;
  const tail = parts.pop() ?? '';
  if (!label.startsWith(head) || label.length < head.length + tail.length || !label.endsWith(tail))
    return false;
  let rest = label.slice(head.length, label.length - tail.length);
  for (const part of parts) {
    const at = rest.indexOf(part);
    if (at === -1) return false;
    rest = rest.slice(at + part.length);
  }
  return true;
}
