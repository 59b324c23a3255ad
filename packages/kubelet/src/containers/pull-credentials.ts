import type { V1Secret } from '@kubernetes/client-node';
import type { ObjectReader } from '../cluster/cluster.ts';
import type { Pod } from '../pods/pod.ts';
import type { AbortOptions, RegistryCredential } from '../provider.ts';
import type { DockerAuth } from './docker-config.ts';
import { readDockerSecret } from './docker-config.ts';
import { imageScope, parseScope, scopeMatches } from './image-match.ts';

export interface PullCredentialsOptions extends AbortOptions {
  readonly pod: Pod;
  readonly objects: Pick<ObjectReader, 'secret'>;
  /** The image as the pod writes it. */
  readonly reference: string;
}

export interface PullCredentials {
  /** Those that match the image, in the order in which they are to be tried. */
  readonly credentials: readonly RegistryCredential[];
  /** Message of a Warning event `FailedToRetrieveImagePullSecret`; the pull goes on without those secrets. */
  readonly warning?: string;
}

/**
 * Finds the credentials of the pod's `imagePullSecrets` that match an image, the longest match first and
 * then in the order of the secrets. Secrets that cannot be read are named in the warning. Rejects only with
 * the signal's reason.
 */
export async function pullCredentials(options: PullCredentialsOptions): Promise<PullCredentials> {
  const { pod, reference, signal } = options;
  const { namespace } = pod.metadata;
  const image = imageScope(reference);
  const found: (DockerAuth & { readonly source: string })[] = [];
  const unreadable: string[] = [];

  for (const name of secretNames(pod)) {
    const secret = await readSecret(name, options);
    signal?.throwIfAborted();
    const auths = secret && readDockerSecret(secret);
    if (auths === undefined) {
      unreadable.push(secret === undefined ? name : `${name} has no docker credentials in it`);
      continue;
    }
    found.push(...auths.map((auth) => ({ ...auth, source: `secret ${namespace}/${name}` })));
  }

  const credentials = found
    .map((auth) => ({ ...auth, scope: parseScope(auth.key) }))
    .filter(({ scope }) => scope !== undefined && image !== undefined && scopeMatches(scope, image))
    .toSorted((a, b) => specificity(b) - specificity(a))
    .map(({ source, credential }) => ({ source, ...credential }));
  return { credentials, ...(unreadable.length === 0 ? {} : { warning: warningOf(unreadable) }) };
}

/** More than any pod needs. */
const maxSecrets = 64;

function secretNames({ spec }: Pod): readonly string[] {
  const names = (spec.imagePullSecrets ?? []).flatMap(({ name }) => (name ? [name] : []));
  return [...new Set(names)].slice(0, maxSecrets);
}

async function readSecret(
  name: string,
  { pod, objects, signal }: PullCredentialsOptions,
): Promise<V1Secret | undefined> {
  try {
    return await objects.secret(pod.metadata.namespace, name, signal === undefined ? {} : { signal });
  } catch {
    return undefined;
  }
}

/** Longer paths first; of equal ones, hosts without globs. */
function specificity({ scope }: { readonly scope: ReturnType<typeof parseScope> }): number {
  if (scope === undefined) return 0;
  return scope.path.length * 2 + (scope.host.includes('*') ? 0 : 1);
}

function warningOf(unreadable: readonly string[]): string {
  return (
    `Unable to retrieve some image pull secrets (${unreadable.join(', ')}); ` +
    'attempting to pull the image may not succeed.'
  );
}
