import { OciError } from './errors.ts';

/** Names an artifact: `registry/repository:tag@digest`, all defaults filled in. */
export interface Reference {
  /** Host with its port where one is given; `docker.io` when the text names none. */
  readonly registry: string;
  /** e.g. `library/alpine`. */
  readonly repository: string;
  /** `latest` when the text has neither tag nor digest. */
  readonly tag?: string;
  /** `sha256:…` or `sha512:…`; wins over the tag. */
  readonly digest?: string;
}

/**
 * Parses a reference by docker's rules: the first component is a registry when it has a dot or a port, is
 * `localhost` or has upper-case letters; else the registry is `docker.io`, whose repositories of one
 * component are under `library/`.
 *
 * Throws {@link OciError} `INVALID_REFERENCE`, saying which part is wrong and how it would be right.
 */
export function parseReference(text: string): Reference {
  if (text === '') throw invalid(text, 'it is empty; write REGISTRY/REPOSITORY:TAG');
  if (text.length > maxTextLength)
    throw invalid(`${text.slice(0, 60)}…`, `it is ${text.length} characters long`);
  if (/^[a-z]+:\/\//i.test(text)) throw invalid(text, 'it is a URL; leave out the scheme');
  if (/\s/.test(text)) throw invalid(text, 'it has white space in it');
  if (/^[a-f0-9]{64}$/.test(text)) throw invalid(text, 'it is a bare digest; write REPOSITORY@sha256:DIGEST');

  const [beforeDigest = '', digest, ...more] = text.split('@');
  if (more.length > 0) throw invalid(text, 'it has more than one @');
  if (digest !== undefined) checkDigest(text, digest);
  const [, name = '', tag] = /^(.*?)(?::([^/:]*))?$/s.exec(beforeDigest) ?? [];
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw invalid(
      text,
      `its tag "${tag}" may have 1 to 128 letters, digits, "_", "." and "-", and begins with none of the last two`,
    );
  }
  const { registry, repository } = splitName(text, name);
  return {
    registry,
    repository,
    ...(tag === undefined && digest === undefined ? { tag: 'latest' } : {}),
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The full text of a reference; parsing it gives the reference again. */
export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

// Bounds of distribution/reference: 255 for the name, 128 for the tag, the longest digest and two separators.
const maxNameLength = 255;
const maxTextLength = maxNameLength + 128 + 160;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;
const componentPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const labelPattern = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const registryPattern = new RegExp(
  `^(?:${labelPattern}(?:\\.${labelPattern})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`,
);

function checkDigest(text: string, digest: string): void {
  if (digestPattern.test(digest)) return;
  const [algorithm = ''] = digest.split(':');
  if (digest.includes(':') && algorithm !== 'sha256' && algorithm !== 'sha512') {
    throw invalid(text, `its digest is of the unknown kind "${algorithm}"; sha256 and sha512 are known`);
  }
  throw invalid(
    text,
    'its digest is not "sha256:" with 64 or "sha512:" with 128 lower-case hexadecimal digits',
  );
}

function splitName(text: string, name: string): { readonly registry: string; readonly repository: string } {
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const isRegistry = /[.:[]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const written = isRegistry ? first : dockerHub;
  if (!registryPattern.test(written) || Number(/:(\d+)$/.exec(written)?.[1] ?? 0) > 65_535) {
    throw invalid(text, `its registry "${written}" is no host name or address with an optional port`);
  }
  // A bare name is known for a registry by its upper-case letters alone.
  const canonical = /[.:]/.test(written) ? written.toLowerCase() : written;
  const registry = canonical === 'index.docker.io' ? dockerHub : canonical;
  const path = isRegistry ? name.slice(slash + 1) : name;
  const repository = registry === dockerHub && !path.includes('/') ? `library/${path}` : path;
  checkRepository(text, path);
  if (registry.length + 1 + repository.length > maxNameLength) {
    throw invalid(text, `its name is longer than ${maxNameLength} characters`);
  }
  return { registry, repository };
}

const dockerHub = 'docker.io';

function checkRepository(text: string, path: string): void {
  if (path === '') throw invalid(text, 'it names no repository; write REGISTRY/REPOSITORY:TAG');
  if (path !== path.toLowerCase()) throw invalid(text, `its repository "${path}" must be lower case`);
  for (const component of path.split('/')) {
    if (component === '') throw invalid(text, `its repository "${path}" has an empty component`);
    if (!componentPattern.test(component)) {
      throw invalid(
        text,
        `"${component}" in its repository may have lower-case letters and digits, with single ".", one or two "_", or "-" between them`,
      );
    }
  }
}

function invalid(text: string, problem: string): OciError {
  return new OciError(
    'INVALID_REFERENCE',
    `couldn't parse image name "${text}": invalid reference format: ${problem}`,
    { reference: text },
  );
}
