import { OciError } from '../errors.ts';
import type { Descriptor } from './descriptor.ts';
import { isManifestType, mediaTypes } from './media-types.ts';
import { parseManifestJson } from './manifest-json.ts';
import { descriptorProblem, readDescriptor, readStrings } from './read-descriptor.ts';
import type { Manifest } from './target.ts';

/** What a manifest of any kind leads to. */
export interface ManifestLinks {
  /** What registries compare: as its body has it, else as it was announced, else by its shape. */
  readonly mediaType: string;
  /** Manifests that an index lists. */
  readonly manifests: readonly Descriptor[];
  /** Config and layers, and whatever else an index lists. */
  readonly blobs: readonly Descriptor[];
  /** What it is about: for signatures and the like. */
  readonly subject: Descriptor | undefined;
  /** Its own, else the type of its config, as the referrers API tells it. */
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/**
 * Reads the links of a manifest or index, OCI's or docker's (schema 2), from foreign JSON, by its shape.
 *
 * Throws {@link OciError} `UNSUPPORTED_ARTIFACT` when it is something else.
 */
export function manifestLinks({ descriptor, bytes }: Manifest, name: string): ManifestLinks {
  const unsupported = (problem: string, cause?: unknown): OciError =>
    new OciError('UNSUPPORTED_ARTIFACT', `${name}: its manifest ${descriptor.digest} ${problem}`, {
      reference: name,
      cause,
    });
  let value: Readonly<Record<string, unknown>>;
  try {
    value = parseManifestJson(bytes);
  } catch (cause) {
    throw unsupported((cause as Error).message, cause);
  }
  const listed = descriptors(value['manifests'], unsupported);
  const layers = descriptors(value['layers'], unsupported);
  const config = readDescriptor(value['config']);
  if (listed === undefined && layers !== undefined && config === undefined && value['config'] !== undefined) {
    throw unsupported(descriptorProblem(value['config']));
  }
  if (listed === undefined && (layers === undefined || config === undefined)) {
    throw unsupported('has neither config and layers nor manifests; docker schema 1 is not supported');
  }
  const { mediaType, artifactType } = value;
  const types = listed === undefined ? imageTypes : indexTypes;
  const image = [config, ...(layers ?? [])].filter((blob) => blob !== undefined);
  return {
    mediaType:
      types.find((type) => type === mediaType) ??
      types.find((type) => type === descriptor.mediaType) ??
      types[0],
    manifests: (listed ?? []).filter((entry) => isManifestType(entry.mediaType)),
    blobs: [
      // Whatever they say they are, registries keep them with the blobs.
      ...image.map((blob) => (isManifestType(blob.mediaType) ? { ...blob, mediaType: anyBlob } : blob)),
      ...(listed ?? []).filter((entry) => !isManifestType(entry.mediaType)),
    ],
    subject: readDescriptor(value['subject']),
    artifactType: typeof artifactType === 'string' ? artifactType : config?.mediaType,
    annotations: readStrings(value['annotations']),
  };
}

const imageTypes = [mediaTypes.ociManifest, mediaTypes.dockerManifest] as const;
const indexTypes = [mediaTypes.ociIndex, mediaTypes.dockerManifestList] as const;
const anyBlob = 'application/octet-stream';

function descriptors(
  list: unknown,
  unsupported: (problem: string) => OciError,
): readonly Descriptor[] | undefined {
  if (!Array.isArray(list)) return undefined;
  return list.map((entry: unknown) => {
    const descriptor = readDescriptor(entry);
    if (descriptor === undefined) throw unsupported(descriptorProblem(entry));
    return descriptor;
  });
}
