import { isManifestType } from '../content/media-types.ts';
import type { Credential } from '../credentials/credential.ts';
import { OciError } from '../errors.ts';
import { formatReference, type Reference } from '../reference.ts';
import { createAuthorizedSender, type AuthorizedSender } from './authorized-sender.ts';
import type { Place } from '../content/verified.ts';
import { hasBlob, readBlob } from './blobs.ts';
import type { Challenge } from './challenge.ts';
import type { Endpoint, Endpoints } from './endpoints.ts';
import type { Http } from './http.ts';
import { createManifests } from './manifests.ts';
import type { Repository } from './registry-client.ts';
import type { RetryPolicy } from './retry.ts';
import type { TokenSource } from './token-source.ts';
import { uploadBlob } from './upload.ts';
import type { UrlGuard } from './url-guard.ts';

/** What the repositories of one client have in common. */
export interface ClientParts {
  readonly http: Http;
  readonly tokens: TokenSource;
  readonly endpoints: Endpoints;
  readonly challenges: Map<string, Challenge>;
  readonly guard: UrlGuard;
  readonly retry: RetryPolicy;
}

/** An open way to one repository, for the functions that speak to it. */
export interface RepositoryContext {
  readonly endpoint: Endpoint;
  readonly sender: AuthorizedSender;
  readonly http: Http;
  readonly guard: UrlGuard;
  readonly retry: RetryPolicy;
  /** `registry/repository`, for messages. */
  readonly name: string;
  readonly repository: string;
  /** Where its content comes from, for messages. */
  readonly place: Place;
  /** What it is opened for, for messages. */
  readonly verb: 'pull' | 'push';
  /** Absolute URL of a path below the repository. */
  url(path: string): URL;
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
