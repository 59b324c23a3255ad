import type { Descriptor } from '../content/descriptor.ts';
import { digestOf, isDigest, parseDigest } from '../content/digest.ts';
import { acceptManifests, isManifestType, maxManifestBytes, mediaTypes } from '../content/media-types.ts';
import type { Manifest } from '../content/target.ts';
import { collect, verified } from '../content/verified.ts';
import { OciError } from '../errors.ts';
import { formatReference, type Reference } from '../reference.ts';
import type { HttpResponse } from './http/http.ts';
import type { RepositoryContext } from './repository-context.ts';
import { refuseEncoded } from './refuse-encoded.ts';
import { errorFrom, readErrors, responseError } from './response-error.ts';

/** Reads and writes the manifests of one repository. */
export interface Manifests {
  resolve(
    context: RepositoryContext,
    reference: Reference,
    signal: AbortSignal | undefined,
  ): Promise<Descriptor>;
  read(
    context: RepositoryContext,
    descriptor: Descriptor,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array>;
  has(context: RepositoryContext, descriptor: Descriptor, signal: AbortSignal | undefined): Promise<boolean>;
  /** Collects and stores a manifest under its digest. */
  write(
    context: RepositoryContext,
    descriptor: Descriptor,
    source: AsyncIterable<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<PutManifest>;
  /** Stores a manifest under a tag or its digest. */
  put(
    context: RepositoryContext,
    manifest: Manifest,
    name: string,
    signal: AbortSignal | undefined,
  ): Promise<PutManifest>;
}

export interface PutManifest extends Manifest {
  /** Whether the registry has noted its subject, for the referrers API. */
  readonly isSubjectNoted: boolean;
}

export function createManifests(): Manifests {
  // What resolve had to fetch is about to be read.
  let fetched: { readonly digest: string; readonly bytes: Uint8Array } | undefined;

  return {
    async resolve(context, reference, signal) {
      const described = await describeByHead(context, reference, signal);
      if (described) return described;
      const { response, bytes } = await fetchManifest(context, reference, signal);
      const digest = digestOf(
        bytes,
        reference.digest === undefined ? 'sha256' : parseDigest(reference.digest).algorithm,
      );
      if (reference.digest !== undefined && digest !== reference.digest) {
        throw mismatch(context, reference.digest, digest);
      }
      fetched = { digest, bytes };
      return { mediaType: mediaTypeOf(response), digest, size: bytes.length };
    },

    async read(context, descriptor, signal) {
      const kept = fetched;
      if (kept?.digest === descriptor.digest) return kept.bytes;
      if (descriptor.size > maxManifestBytes) throw tooLarge(context);
      const { bytes } = await fetchManifest(
        context,
        { ...referenceOf(context), digest: descriptor.digest },
        signal,
      );
      return collect(verified(descriptor, once(bytes), context.place), maxManifestBytes, () =>
        tooLarge(context),
      );
    },

    async has(context, { digest }, signal) {
      const response = await send(context, 'HEAD', { ...referenceOf(context), digest }, signal);
      await response.discard();
      return response.status === 200;
    },

    async write(context, descriptor, source, signal) {
      const bytes = await collect(source, maxManifestBytes, () => tooLarge(context));
      return putManifest(context, { descriptor, bytes }, descriptor.digest, signal);
    },

    put: putManifest,
  };
}

async function putManifest(
  context: RepositoryContext,
  { descriptor, bytes }: Manifest,
  name: string,
  signal: AbortSignal | undefined,
): Promise<PutManifest> {
  const { mediaType, digest } = descriptor;
  const subject = `cannot push ${context.name}:${name}`;
  const response = await context.sender.send({
    method: 'PUT',
    url: context.url(`manifests/${name}`),
    headers: { 'content-type': mediaType },
    body: bytes,
    signal,
    subject,
  });
  if (response.status !== 201) {
    const { registry } = context.endpoint;
    const { secrets } = context.sender;
    throw await responseError(response, { subject, registry, reference: context.name, secrets });
  }
  await response.discard();
  const stored = response.header('docker-content-digest');
  // It may name the manifest by another algorithm than the descriptor does.
  if (stored !== undefined && isDigest(stored)) {
    if (stored !== digestOf(bytes, parseDigest(stored).algorithm)) throw mismatch(context, digest, stored);
  }
  return { descriptor, bytes, isSubjectNoted: response.header('oci-subject') !== undefined };
}

async function fetchManifest(
  context: RepositoryContext,
  reference: Reference,
  signal: AbortSignal | undefined,
): Promise<{ readonly response: HttpResponse; readonly bytes: Uint8Array }> {
  for (let tried = 1; ; tried += 1) {
    const response = await send(context, 'GET', reference, signal);
    if (response.status !== 200) throw await missing(context, response, reference, signal);
    refuseEncoded(response, { digest: formatReference(reference), size: undefined }, context);
    try {
      return { response, bytes: await readBody(context, response, formatReference(reference), signal) };
    } catch (error) {
      const hasBrokenOff = error instanceof OciError && error.code === 'TRUNCATED';
      if (!hasBrokenOff || tried >= context.retry.tries) throw error;
      context.http.backoff.failed(response.url.host, { tried, afterMs: undefined });
    }
  }
}

function send(
  context: RepositoryContext,
  method: 'GET' | 'HEAD',
  reference: Reference,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  return context.sender.send({
    method,
    url: context.url(`manifests/${reference.digest ?? reference.tag ?? 'latest'}`),
    headers: { accept: acceptManifests },
    signal,
    subject: `cannot ${context.verb} ${formatReference(reference)}`,
  });
}

async function readBody(
  context: RepositoryContext,
  response: HttpResponse,
  subject: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  try {
    return await collect(response.body, maxManifestBytes, () => tooLarge(context));
  } catch (error) {
    signal?.throwIfAborted();
    const failure = context.http.bodyError(error, response.url.host);
    if (failure.code !== 'UNAVAILABLE') throw failure;
    const problem = `the connection ended in the middle of manifest ${subject}; ${context.place.remedy}`;
    throw new OciError('TRUNCATED', `registry ${response.url.host}: ${problem}`, {
      host: context.endpoint.registry,
      reference: context.name,
      cause: error,
    });
  }
}

/** `undefined` when GET has to tell: some registries say nothing of use to HEAD, and none can say why it fails. */
async function describeByHead(
  context: RepositoryContext,
  reference: Reference,
  signal: AbortSignal | undefined,
): Promise<Descriptor | undefined> {
  let response: HttpResponse;
  try {
    response = await send(context, 'HEAD', reference, signal);
  } catch (error) {
    if (error instanceof OciError && error.code === 'DENIED') return undefined;
    throw error;
  }
  await response.discard();
  return response.status === 200 ? describeHead(response, reference) : undefined;
}

/** The digest header is a hint: what it names is fetched by that digest and verified before it is used. */
function describeHead(response: HttpResponse, { digest }: Reference): Descriptor | undefined {
  const hint = response.header('docker-content-digest');
  const named = digest ?? (hint !== undefined && isDigest(hint) ? hint : undefined);
  const size = Number(response.header('content-length') ?? Number.NaN);
  if (named === undefined || !Number.isSafeInteger(size) || size <= 0) return undefined;
  return { mediaType: mediaTypeOf(response), digest: named, size };
}

/** What it is, is decided by its body; a type that says nothing must not make a blob of it. */
function mediaTypeOf(response: HttpResponse): string {
  const type = (response.header('content-type') ?? '').replace(/;.*$/s, '').trim();
  return isManifestType(type) ? type : mediaTypes.ociManifest;
}

/** Why there is no manifest: finds out whether it is the repository or the tag that does not exist. */
async function missing(
  context: RepositoryContext,
  response: HttpResponse,
  reference: Reference,
  signal: AbortSignal | undefined,
): Promise<OciError> {
  const { registry } = context.endpoint;
  const name = formatReference(reference);
  const entries = await readErrors(response);
  const failure = errorFrom(response, entries, {
    subject: `cannot ${context.verb} ${name}`,
    registry,
    reference: context.name,
    secrets: context.sender.secrets,
  });
  if (response.status !== 404) return failure;
  // What is to be written there, or tagged anew, is looked for as well.
  const subject = `cannot ${context.verb === 'pull' ? 'pull' : 'find'} ${name}`;
  const details = { host: registry, status: 404, reference: name };
  if (failure.code !== 'NAME_UNKNOWN' && (await hasRepository(context, signal))) {
    const wanted = reference.digest === undefined ? `tag "${reference.tag}"` : `manifest ${reference.digest}`;
    return new OciError(
      'MANIFEST_UNKNOWN',
      `${subject}: there is no ${wanted} in repository ${context.name} (404); check it, or push it first`,
      details,
    );
  }
  return new OciError(
    'NAME_UNKNOWN',
    `${subject}: registry ${registry} has no repository ${context.repository} that may be read (404); check the name, or run \`wasmlet login ${registry}\``,
    details,
  );
}

async function hasRepository(context: RepositoryContext, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    const response = await context.sender.send({
      method: 'GET',
      url: context.url('tags/list?n=1'),
      signal,
      retry: false,
      subject: 'tags',
    });
    await response.discard();
    return response.status !== 404;
  } catch {
    signal?.throwIfAborted();
    return true;
  }
}

function referenceOf({ endpoint, repository }: RepositoryContext): Reference {
  return { registry: endpoint.registry, repository };
}

function mismatch({ endpoint, name, place }: RepositoryContext, wanted: string, actual: string): OciError {
  const { registry } = endpoint;
  return new OciError(
    'DIGEST_MISMATCH',
    `registry ${registry}: content announced as ${wanted} is ${actual}; ${place.remedy}`,
    {
      host: registry,
      reference: name,
    },
  );
}

function tooLarge({ endpoint, name }: RepositoryContext): OciError {
  return new OciError('TOO_LARGE', `${name}: its manifest is larger than ${maxManifestBytes} bytes`, {
    host: endpoint.registry,
    reference: name,
  });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
