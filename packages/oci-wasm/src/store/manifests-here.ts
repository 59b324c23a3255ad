import { stat } from 'node:fs/promises';
import type { Descriptor } from '../content/descriptor.ts';
import { manifestLinks, type ManifestLinks } from '../content/manifest-links.ts';
import { maxManifestBytes, mediaTypes } from '../content/media-types.ts';
import type { ReferrersOptions } from '../content/target.ts';
import { collect } from '../content/verified.ts';
import { OciError } from '../errors.ts';
import type { BlobFiles } from './blob-files.ts';
import { blobPath, removedPath } from './blob-paths.ts';
import { readContentGraph, referrersIn } from './content-graph.ts';
import type { IndexFile } from './index-file.ts';
import { storeError } from './store-error.ts';

interface Files {
  readonly root: string;
  readonly blobs: BlobFiles;
  readonly index: IndexFile;
}

/** The manifest or index of a digest: as the layout lists it, else as it is in itself, within an index or without a name. */
export async function findManifest(
  files: Files,
  digest: string,
  signal: AbortSignal | undefined,
): Promise<Descriptor | undefined> {
  const listed = await files.index.findDigest(digest, signal);
  if (listed !== undefined) return listed;
  return (await readManifest(files, digest, signal))?.descriptor;
}

/** The manifests in a store that are about another one. */
export async function* findReferrers(
  files: Files,
  subject: Descriptor,
  { artifactType, signal }: ReferrersOptions,
): AsyncGenerator<Descriptor, void, undefined> {
  let digests: readonly string[];
  try {
    const graph = await readContentGraph(files.root, new Map(), signal);
    digests = referrersIn(graph).get(subject.digest) ?? [];
  } catch (error) {
    throw storeError(error, files.root);
  }
  for (const digest of digests) {
    const found = await readManifest(files, digest, signal);
    if (found === undefined) continue;
    const { descriptor, links } = found;
    if (artifactType !== undefined && links.artifactType !== artifactType) continue;
    yield {
      ...descriptor,
      ...(links.artifactType === undefined ? {} : { artifactType: links.artifactType }),
      ...(links.annotations === undefined ? {} : { annotations: links.annotations }),
    };
  }
}

interface FoundManifest {
  readonly descriptor: Descriptor;
  readonly links: ManifestLinks;
}

async function readManifest(
  { root, blobs }: Files,
  digest: string,
  signal: AbortSignal | undefined,
): Promise<FoundManifest | undefined> {
  const stats = await stat(blobPath(root, digest))
    .catch(() => stat(removedPath(root, digest)))
    .catch(() => undefined);
  if (stats === undefined || stats.size > maxManifestBytes) return undefined;
  const assumed = { mediaType: mediaTypes.ociManifest, digest, size: stats.size };
  if (!(await blobs.has(assumed, signal))) return undefined;
  try {
    const tooLarge = (): OciError => new OciError('SIZE_MISMATCH', `store ${root}: ${digest} has grown`);
    const bytes = await collect(blobs.read(assumed, signal), maxManifestBytes, tooLarge);
    const links = manifestLinks({ descriptor: assumed, bytes }, digest);
    return { descriptor: { ...assumed, mediaType: links.mediaType }, links };
  } catch (error) {
    if (error instanceof OciError && error.code === 'UNSUPPORTED_ARTIFACT') return undefined;
    throw error;
  }
}
