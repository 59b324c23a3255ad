import { isManifestType } from '../content/media-types.ts';
import type { Target } from '../content/target.ts';
import type { Credential } from '../credentials/credential.ts';
import { OciError } from '../errors.ts';
import { formatReference, type Reference } from '../reference.ts';
import { type Access, createAuthorizedSender } from './authorized-sender.ts';
import { hasBlob, readBlob } from './blobs.ts';
import type { Challenge } from './challenge.ts';
import type { Endpoints } from './endpoints.ts';
import type { Http } from './http.ts';
import { createManifests } from './manifests.ts';
import type { RepositoryContext } from './repository-context.ts';
import type { RetryPolicy } from './retry.ts';
import type { TokenSource } from './token-source.ts';
import { uploadBlob } from './upload.ts';
import type { UrlGuard } from './url-guard.ts';

export interface Repository extends Target {
  /** What the registry has accepted last; undefined before the first answer. */
  readonly access: Access | undefined;
}

export interface RepositoryOptions {
  /** Tried in order, then anonymous access. @default what the client's `RegistryClientOptions.credentials` finds */
  readonly credentials?: readonly Credential[];
  /** Asks the registry for no rights to write. @default false */
  readonly readOnly?: boolean;
}

/** What the repositories of one client have in common. */
export interface ClientParts {
  readonly http: Http;
  readonly tokens: TokenSource;
  readonly endpoints: Endpoints;
  readonly challenges: Map<string, Challenge>;
  readonly guard: UrlGuard;
  readonly retry: RetryPolicy;
}

export function openRepository(
  parts: ClientParts,
  { registry, repository }: Pick<Reference, 'registry' | 'repository'>,
  readOnly: boolean,
  findCredentials: (signal: AbortSignal | undefined) => Promise<readonly Credential[]>,
): Repository {
  const { http, tokens, endpoints, challenges, guard, retry } = parts;
  const name = formatReference({ registry, repository });
  const manifests = createManifests();
  let opened: RepositoryContext | undefined;

  const open = async (signal: AbortSignal | undefined): Promise<RepositoryContext> => {
    signal?.throwIfAborted();
    if (opened) return opened;
    const [endpoint, credentials] = await Promise.all([
      endpoints.find(registry, signal),
      findCredentials(signal),
    ]);
    const scope = `repository:${repository}:${readOnly ? 'pull' : 'pull,push'}`;
    const sender = createAuthorizedSender({
      http,
      tokens,
      endpoint,
      challenges,
      credentials,
      scope,
      reference: name,
    });
    // Another call may have been faster; all go on with one.
    opened ??= {
      endpoint,
      sender,
      http,
      guard,
      retry,
      name,
      repository,
      place: {
        name: `registry ${registry}`,
        host: registry,
        reference: name,
        remedy: 'try again, and push the artifact anew if it stays so',
      },
      verb: readOnly ? 'pull' : 'push',
      url: (path) => new URL(`/v2/${repository}/${path}`, endpoint.origin),
    };
    return opened;
  };

  const openForWrite = async (signal: AbortSignal | undefined): Promise<RepositoryContext> => {
    if (readOnly)
      throw new OciError('DENIED', `${name} has been opened for reading only`, { reference: name });
    return open(signal);
  };

  return {
    get access() {
      return opened?.sender.access;
    },
    async resolve(reference, { signal } = {}) {
      return manifests.resolve(await open(signal), reference, signal);
    },
    async *read(descriptor, { signal } = {}) {
      const context = await open(signal);
      if (isManifestType(descriptor.mediaType)) yield await manifests.read(context, descriptor, signal);
      else yield* readBlob(context, descriptor, signal);
    },
    async has(descriptor, { signal } = {}) {
      const context = await open(signal);
      return isManifestType(descriptor.mediaType)
        ? manifests.has(context, descriptor, signal)
        : hasBlob(context, descriptor, signal);
    },
    async write(descriptor, source, { signal } = {}) {
      const context = await openForWrite(signal);
      if (isManifestType(descriptor.mediaType)) await manifests.write(context, descriptor, source(), signal);
      else await uploadBlob(context, descriptor, source, signal);
    },
    async tag(manifest, { tag, digest }, { signal } = {}) {
      const context = await openForWrite(signal);
      await manifests.put(context, manifest, tag ?? digest ?? 'latest', signal);
    },
  };
}
