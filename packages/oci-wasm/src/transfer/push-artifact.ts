import { basename } from 'node:path';
import { packArtifact } from '../artifact/pack-artifact.ts';
import type { ArtifactFacts, ArtifactFormat } from '../artifact/wasm-artifact.ts';
import type { Descriptor } from '../content/descriptor.ts';
import type { AbortOptions } from '../content/target.ts';
import type { Credential } from '../credentials/credential.ts';
import { OciError } from '../errors.ts';
import { formatReference, parseReference, type Reference } from '../reference.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import { copyArtifact } from './copy-artifact.ts';
import type { Progress } from './copy-content.ts';

/** Options of {@link pushArtifact}. */
export interface PushOptions extends AbortOptions {
  readonly to: RegistryClient;
  /** With a tag, or `latest` is meant. */
  readonly reference: string | Reference;
  /** The binary, or the path of a file with it. */
  readonly module: Uint8Array | string;
  /** @default 'cncf' */
  readonly format?: ArtifactFormat;
  /**
   * CNCF format: the manifest's `artifactType`, a media type by which others find the artifact. What is run is told by
   * the config all the same. @default none
   */
  readonly artifactType?: string;
  /**
   * Of the layer: `org.opencontainers.image.title`, the name of the file that general tools pull it to.
   *
   * @default the file's name (`wasm-to-oci`: the path as given, as that tool does), else `module.wasm`
   */
  readonly title?: string;
  /** Of the manifest: `org.opencontainers.image.version`. @default none */
  readonly version?: string;
  /** Of the manifest, where the source code is: `org.opencontainers.image.source`. @default none */
  readonly source?: string;
  /** Of the manifest, which state of the source code: `org.opencontainers.image.revision`. @default none */
  readonly revision?: string;
  /** More of the manifest's; they win over `version`, `source` and `revision`. @default none */
  readonly annotations?: Readonly<Record<string, string>>;
  /** CNCF format: when the artifact was made (SOURCE_DATE_EPOCH, for reproducible pushes). @default now */
  readonly created?: Date;
  /** Tried in order, then anonymous access. @default what the client's credential source finds */
  readonly credentials?: readonly Credential[];
  /** Called as bytes of a blob pass, often: for each chunk. */
  readonly onProgress?: (progress: Progress) => void;
}

/** What a push has made, and under which name it is to be had. */
export interface PushedArtifact extends ArtifactFacts {
  readonly format: ArtifactFormat;
  readonly layer: Descriptor;
  readonly reference: Reference;
  /** False when the registry had all of it already; its name is set in any case. */
  readonly transferred: boolean;
}

/**
 * Makes a wasm artifact of a binary and copies it to its registry, the name last.
 *
 * Rejects with {@link OciError}, among them `NOT_WASM`, and `UNSUPPORTED` for an artifact type that cannot be written;
 * with the file system's error when the file cannot be read.
 */
export async function pushArtifact(options: PushOptions): Promise<PushedArtifact> {
  const { to, module, format = 'cncf', credentials, onProgress, signal } = options;
  const reference =
    typeof options.reference === 'string' ? parseReference(options.reference) : options.reference;
  if (reference.digest !== undefined) {
    const name = formatReference(reference);
    throw new OciError(
      'INVALID_REFERENCE',
      `cannot push ${name}: what is pushed decides its digest; write a tag`,
      {
        reference: name,
      },
    );
  }
  const abort = signal === undefined ? {} : { signal };
  const from = await packArtifact({
    module,
    format,
    artifactType: options.artifactType,
    title: options.title ?? defaultTitle(module, format),
    annotations: annotationsOf(options),
    created: options.created ?? new Date(),
    ...abort,
  });
  const copied = await copyArtifact({
    from,
    to: to.repository(reference, credentials === undefined ? {} : { credentials }),
    reference,
    maxLayerBytes: Number.MAX_SAFE_INTEGER,
    ...(onProgress === undefined ? {} : { onProgress }),
    ...abort,
  });
  return { ...copied, format, layer: from.layer, reference };
}

/** Paths with more than a name in them are refused by what pulls files, or make directories there. */
function defaultTitle(module: PushOptions['module'], format: ArtifactFormat): string {
  if (typeof module !== 'string') return 'module.wasm';
  return format === 'cncf' ? basename(module) : module;
}

function annotationsOf({
  version,
  source,
  revision,
  annotations,
}: PushOptions): Readonly<Record<string, string>> {
  const named = Object.entries({ version, source, revision }).flatMap(([key, value]) =>
    value === undefined ? [] : [[`org.opencontainers.image.${key}`, value] as const],
  );
  return { ...Object.fromEntries(named), ...annotations };
}
