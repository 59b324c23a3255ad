import type { Descriptor } from '../content/descriptor.ts';
import { isManifestType } from '../content/media-types.ts';
import type {
  AbortOptions,
  Beginning,
  Deleter,
  Lister,
  Located,
  Mounter,
  ReferrersLister,
  Resumer,
  Target,
} from '../content/target.ts';
import { markVerified } from '../content/verified.ts';
import type { Credential } from '../credentials/credential.ts';
import { OciError } from '../errors.ts';
import { formatReference, type Reference } from '../reference.ts';
import { createAuthorizedSender } from './access/authorized-sender.ts';
import { hasBlob, readBlob } from './blobs.ts';
import type { Challenge } from './access/challenge.ts';
import { deleteContent } from './delete.ts';
import { type Endpoint, type Endpoints, urlAt } from './endpoints.ts';
import type { Http } from './http/http.ts';
import type { Access, AnonymousAccess } from './access/identities.ts';
import { type Deadline, startDeadline, within } from './deadline.ts';
import { createManifests, type PutManifest } from './manifests.ts';
import { createMounts } from './upload/mount.ts';
import { listReferrers } from './referrers.ts';
import { createReferrersTags } from './referrers-tag.ts';
import type { RepositoryContext } from './repository-context.ts';
import type { RetryPolicy } from './http/retry-policy.ts';
import { listTags } from './tags.ts';
import type { TokenSource } from './access/token-source.ts';
import { uploadBlob } from './upload/upload.ts';
import type { Uploads } from './upload/upload-policy.ts';
import type { UrlGuard } from './http/url-guard.ts';

/** A repository of a registry: to read from and, unless it was opened for reading only, to write to. */
export interface Repository extends Target, Resumer, Deleter, Mounter, ReferrersLister, Lister, Located {
  /** What the registry has accepted last; undefined before the first answer. */
  readonly access: Access | undefined;
}

/** Options of {@link RegistryClient.repository}. */
export interface RepositoryOptions {
  /**
   * Tried in order; anonymous access before or after them (`RegistryClientOptions.anonymous`).
   *
   * @default what `RegistryClientOptions.credentials` finds
   */
  readonly credentials?: readonly Credential[];
  /** Asks the registry for no rights to write. @default false */
  readonly readOnly?: boolean;
}

/** What the repositories of one client have in common. */
export interface ClientParts {
  readonly http: Http;
  readonly tokens: TokenSource;
  readonly endpoints: Pick<Endpoints, 'find'>;
  readonly challenges: Map<string, readonly Challenge[]>;
  readonly sufficient: Map<string, Access['kind']>;
  /** Of reading; nobody is let write. */
  readonly anonymous: Exclude<AnonymousAccess, 'never'>;
  readonly guard: UrlGuard;
  readonly retry: RetryPolicy;
  readonly totalMs: number;
  readonly uploads: Uploads;
}

/** Blobs that are known to be missing; beyond that they are looked for again. */
const maxAbsent = 1_000;

export function openRepository(
  parts: ClientParts,
  { registry, repository }: Pick<Reference, 'registry' | 'repository'>,
  readOnly: boolean,
  findCredentials: (endpoint: Endpoint, signal: AbortSignal | undefined) => Promise<readonly Credential[]>,
): Repository {
  const { http, tokens, endpoints, challenges, sufficient, anonymous, guard, retry, totalMs, uploads } =
    parts;
  const name = formatReference({ registry, repository });
  const manifests = createManifests();
  const mounts = createMounts();
  const referrersTags = createReferrersTags();
  let opened: RepositoryContext | undefined;
  /** Looked for in vain, and not to be looked for again when they are written. */
  const absent = new Set<string>();

  const deadline = (signal: AbortSignal | undefined): Deadline =>
    startDeadline({ totalMs, retry, registry, name }, signal);

  const open = async (signal: AbortSignal | undefined): Promise<RepositoryContext> => {
    signal?.throwIfAborted();
    if (opened) return opened;
    const endpoint = await endpoints.find(registry, signal);
    const credentials = await findCredentials(endpoint, signal);
    const scope = `repository:${repository}:${readOnly ? 'pull' : 'pull,push'}`;
    const sender = createAuthorizedSender({
      http,
      tokens,
      endpoint,
      challenges,
      sufficient,
      anonymous: readOnly ? anonymous : 'last',
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
      uploads,
      endsAt: Number.POSITIVE_INFINITY,
      name,
      repository,
      place: {
        name: `registry ${endpoint.registry}`,
        host: endpoint.registry,
        reference: name,
        remedy: 'try again, and push the artifact anew if it stays so',
      },
      verb: readOnly ? 'pull' : 'push',
      url: (path) => urlAt(endpoint, `${repository}/${path}`),
    };
    return opened;
  };

  const openForWrite = async (signal: AbortSignal | undefined): Promise<RepositoryContext> => {
    if (readOnly)
      throw new OciError('DENIED', `${name} has been opened for reading only`, { reference: name });
    return open(signal);
  };

  type Work<T> = (context: RepositoryContext, signal: AbortSignal) => Promise<T>;
  const limited =
    (opening: typeof open) =>
    async <T>(signal: AbortSignal | undefined, work: Work<T>): Promise<T> => {
      using limit = deadline(signal);
      return await work(within(await opening(limit.signal), limit), limit.signal);
    };
  const reading = limited(open);
  const writing = limited(openForWrite);

  async function* readManifest(
    descriptor: Descriptor,
    options: AbortOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    yield await reading(options.signal, (context, signal) => manifests.read(context, descriptor, signal));
  }

  async function* readRest(
    descriptor: Descriptor,
    beginning: Beginning | undefined,
    options: AbortOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    using limit = deadline(options.signal);
    const { signal } = limit;
    yield* readBlob(within(await open(signal), limit), descriptor, beginning, signal);
  }

  /** What a registry does not keep account of by itself. */
  const noteSubject = async (
    context: RepositoryContext,
    put: PutManifest,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    if (!put.isSubjectNoted) await referrersTags.add(context, put, signal);
  };

  return {
    location: { registry, repository },
    get access() {
      return opened?.sender.access;
    },
    resolve: (reference, { signal } = {}) =>
      reading(signal, (context, limit) => manifests.resolve(context, reference, limit)),
    read: (descriptor, options = {}) =>
      markVerified(
        descriptor,
        isManifestType(descriptor.mediaType)
          ? readManifest(descriptor, options)
          : readRest(descriptor, undefined, options),
      ),
    resume: (descriptor, beginning, options = {}) =>
      markVerified(descriptor, readRest(descriptor, beginning, options)),
    has: (descriptor, options = {}) =>
      reading(options.signal, async (context, signal) => {
        if (isManifestType(descriptor.mediaType)) return manifests.has(context, descriptor, signal);
        const isThere = await hasBlob(context, descriptor, signal);
        if (absent.size >= maxAbsent) absent.clear();
        if (!isThere) absent.add(descriptor.digest);
        return isThere;
      }),
    write: (descriptor, source, options = {}) =>
      writing(options.signal, async (context, signal) => {
        if (isManifestType(descriptor.mediaType)) {
          await noteSubject(context, await manifests.write(context, descriptor, source(), signal), signal);
        } else if (absent.delete(descriptor.digest) || !(await hasBlob(context, descriptor, signal))) {
          await uploadBlob(context, descriptor, source, signal);
        }
      }),
    tag: (manifest, { tag, digest }, options = {}) =>
      writing(options.signal, async (context, signal) => {
        const put = await manifests.put(context, manifest, tag ?? digest ?? 'latest', signal);
        await noteSubject(context, put, signal);
      }),
    mount: (descriptor, from, options = {}) =>
      writing(options.signal, (context, signal) => mounts.mount(context, descriptor, from, signal)),
    delete: (descriptor, options = {}) =>
      writing(options.signal, async (context, signal) => {
        if (!isManifestType(descriptor.mediaType)) return deleteContent(context, descriptor, signal);
        const bytes = await manifests.read(context, descriptor, signal);
        await deleteContent(context, descriptor, signal);
        await referrersTags.remove(context, { descriptor, bytes }, signal);
      }),
    async *referrers(subject, options = {}) {
      yield* listReferrers(await open(options.signal), referrersTags, subject, options);
    },
    async *list({ signal } = {}) {
      yield* listTags(await open(signal), signal);
    },
  };
}
