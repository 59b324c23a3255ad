import { printable } from '../artifact/printable.ts';
import type { Descriptor } from '../content/descriptor.ts';
import { type ManifestLinks, manifestLinks } from '../content/manifest-links.ts';
import { isManifestType } from '../content/media-types.ts';
import type {
  AbortOptions,
  ContentReader,
  Manifest,
  ReferrersLister,
  TagResolver,
} from '../content/target.ts';
import { collect } from '../content/verified.ts';
import { OciError, type OciErrorCode } from '../errors.ts';
import { isTag, type Reference } from '../reference.ts';
import type { FoundSignature, UnreadableSignature } from './found-signature.ts';
import { bundleOf, readBundle } from './read-bundle.ts';
import { signPredicate } from './signed-content.ts';

/** Where signatures are looked for: a repository, or a store. */
export type SignatureSource = ContentReader & TagResolver & Partial<ReferrersLister>;

export interface FindSignaturesOptions extends AbortOptions {
  readonly source: SignatureSource;
  readonly reference: Reference;
  /** What is to be signed. */
  readonly subject: Descriptor;
}

const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const predicateAnnotation = 'dev.sigstore.bundle.predicateType';
const simpleSigningType = 'application/vnd.dev.cosign.simplesigning.v1+json';

/** Of what a registry lists, more is not even looked through. */
const maxListed = 10_000;
const maxManifestBytes = 1024 * 1024;
const maxBundleBytes = 1024 * 1024;
const maxPayloadBytes = 64 * 1024;

/**
 * The signatures that a source has for a manifest: bundles that refer to it, then the layers of the manifest with the
 * tag `sha256-….sig`, as cosign wrote them before version 3. Attestations that are marked as such are passed over.
 *
 * Rejects with {@link OciError} when the source fails; what is wrong with one signature is told in its place.
 */
export async function* findSignatures(
  options: FindSignaturesOptions,
): AsyncGenerator<FoundSignature | UnreadableSignature, void, undefined> {
  yield* findBundles(options);
  yield* findSimpleSignatures(options);
}

async function* findBundles({
  source,
  subject,
  signal,
}: FindSignaturesOptions): AsyncGenerator<FoundSignature | UnreadableSignature, void, undefined> {
  const abort = signal === undefined ? {} : { signal };
  let listed = 0;
  for await (const referrer of source.referrers?.(subject, { artifactType: bundleType, ...abort }) ?? []) {
    listed += 1;
    if (listed > maxListed) return;
    const predicate = referrer.annotations?.[predicateAnnotation];
    if (predicate !== undefined && predicate !== signPredicate) continue;
    yield await orUnreadable(referrer.digest, signal, async () => {
      const { manifest, links } = await readManifest(source, referrer, abort);
      const [layer, ...more] = links.blobs.slice(1);
      if (layer === undefined || more.length > 0) throw new Error('it has not one layer');
      const bytes = await readSmall(source, layer, maxBundleBytes, abort);
      const stored = { manifest, blobs: links.blobs, tag: undefined };
      return { digest: referrer.digest, bundle: readBundle(bytes), payload: undefined, stored };
    });
  }
}

async function* findSimpleSignatures({
  source,
  reference: { registry, repository },
  subject,
  signal,
}: FindSignaturesOptions): AsyncGenerator<FoundSignature | UnreadableSignature, void, undefined> {
  const abort = signal === undefined ? {} : { signal };
  const tag = `${subject.digest.replace(':', '-')}.sig`;
  // A sha512 digest makes no tag.
  if (!isTag(tag)) return;
  let manifest: Manifest;
  let links: ManifestLinks;
  try {
    const found = await source.resolve({ registry, repository, tag }, abort);
    ({ manifest, links } = await readManifest(source, found, abort));
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof OciError && absent.includes(error.code)) return;
    yield unreadable(tag, error);
    return;
  }
  const stored = { manifest, blobs: links.blobs, tag };
  for (const layer of links.blobs.slice(1)) {
    if (layer.mediaType !== simpleSigningType) continue;
    yield await orUnreadable(layer.digest, signal, async () => {
      const payload = await readSmall(source, layer, maxPayloadBytes, abort);
      return { digest: layer.digest, bundle: bundleOf(layer.annotations ?? {}, payload), payload, stored };
    });
  }
}

const absent: readonly OciErrorCode[] = ['MANIFEST_UNKNOWN', 'NAME_UNKNOWN', 'NOT_FOUND_LOCALLY'];

/** What is wrong with content, rather than with the source that was asked for it. */
const contentProblems: readonly OciErrorCode[] = [
  ...absent,
  'BLOB_UNKNOWN',
  'DIGEST_MISMATCH',
  'SIZE_MISMATCH',
  'TRUNCATED',
  'TOO_LARGE',
  'UNSUPPORTED_ARTIFACT',
];

async function orUnreadable(
  digest: string,
  signal: AbortSignal | undefined,
  read: () => Promise<FoundSignature>,
): Promise<FoundSignature | UnreadableSignature> {
  try {
    return await read();
  } catch (error) {
    signal?.throwIfAborted();
    return unreadable(digest, error);
  }
}

const maxProblemLength = 400;

/** Throws what is the source's failure. */
function unreadable(digest: string, error: unknown): UnreadableSignature {
  if (error instanceof OciError && !contentProblems.includes(error.code)) throw error;
  return { digest, problem: printable(`it cannot be read: ${(error as Error).message}`, maxProblemLength) };
}

async function readManifest(
  source: ContentReader,
  descriptor: Descriptor,
  abort: AbortOptions,
): Promise<{ readonly manifest: Manifest; readonly links: ManifestLinks }> {
  if (!isManifestType(descriptor.mediaType)) throw new Error('it is no manifest');
  const bytes = await readSmall(source, descriptor, maxManifestBytes, abort);
  const { digest, size } = descriptor;
  const links = manifestLinks({ descriptor, bytes }, digest);
  return { manifest: { descriptor: { mediaType: links.mediaType, digest, size }, bytes }, links };
}

async function readSmall(
  source: ContentReader,
  descriptor: Descriptor,
  maxBytes: number,
  abort: AbortOptions,
): Promise<Uint8Array> {
  const tooLarge = (): OciError =>
    new OciError(
      'TOO_LARGE',
      `${descriptor.digest} has ${descriptor.size} bytes; at most ${maxBytes} are read`,
    );
  if (descriptor.size > maxBytes) throw tooLarge();
  return collect(source.read(descriptor, abort), maxBytes, tooLarge);
}
