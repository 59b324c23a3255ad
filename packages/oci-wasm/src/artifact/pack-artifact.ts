import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { sniffWasm } from '@wasmlet/wasm-binary';
import type { Descriptor } from '../content/descriptor.ts';
import { digestOf, formatHash } from '../content/digest.ts';
import { mediaTypes } from '../content/media-types.ts';
import type { AbortOptions, Source } from '../content/target.ts';
import { OciError } from '../errors.ts';
import { describeComponent, firstBytes } from './binary-kind.ts';
import { type ArtifactFormat, formatTypes } from './wasm-artifact.ts';

export interface PackOptions extends AbortOptions {
  /** The binary, or the path of a file with it. */
  readonly module: Uint8Array | string;
  readonly format: ArtifactFormat;
  /** Of the manifest; only the CNCF format has one. */
  readonly artifactType?: string | undefined;
  /** Of the layer. */
  readonly title: string;
  /** Of the manifest. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Only the CNCF format says it. */
  readonly created: Date;
}

/** An artifact that is to be copied from here. */
export interface PackedArtifact extends Source {
  /** The binary's. */
  readonly layer: Descriptor;
}

/**
 * Makes an artifact of a binary: something to copy from, in which every reference names the one artifact. A file
 * is read when it is copied, and must not change before.
 *
 * Rejects with {@link OciError} `NOT_WASM`, and `UNSUPPORTED` for an artifact type that cannot be written.
 */
export async function packArtifact(options: PackOptions): Promise<PackedArtifact> {
  const { module, format, artifactType, title, annotations, signal } = options;
  if (artifactType !== undefined) checkArtifactType(artifactType, format);
  const { head, digest, size } = await measure(module, signal);
  const kind = sniffWasm(head);
  if (kind === 'not-wasm') {
    const what = typeof module === 'string' ? module : 'the given binary';
    throw new OciError(
      'NOT_WASM',
      `${what} is no WebAssembly: it does not begin with \\0asm and a known version`,
    );
  }
  const types = formatTypes[format];
  const config = format === 'cncf' ? await cncfConfig(options, kind, digest) : '{}';
  const configBytes = Buffer.from(config);
  const layer = { mediaType: types.layer, digest, size, annotations: { [titleAnnotation]: title } };
  const manifest = {
    schemaVersion: 2,
    // wasm-to-oci has none, and Krustlet refuses manifests that have one.
    ...(format === 'cncf' ? { mediaType: mediaTypes.ociManifest, artifactType } : {}),
    config: { mediaType: types.config, digest: digestOf(configBytes), size: configBytes.length },
    layers: [layer],
    ...(Object.keys(annotations).length === 0 ? {} : { annotations: sorted(annotations) }),
  };
  const manifestBytes = Buffer.from(goJson(manifest));
  const root: Descriptor = {
    mediaType: mediaTypes.ociManifest,
    digest: digestOf(manifestBytes),
    size: manifestBytes.length,
  };
  const small = new Map<string, Uint8Array>([
    [root.digest, manifestBytes],
    [manifest.config.digest, configBytes],
  ]);
  return {
    layer,
    resolve: () => Promise.resolve(root),
    async *read(descriptor, { signal: reading } = {}) {
      const bytes = small.get(descriptor.digest);
      if (bytes !== undefined) yield bytes;
      else yield* chunksOf(module, reading);
    },
  };
}

/** As RFC 6838 §4.2 has media types. */
const mediaTypePattern = /^[\da-z][\w!#$&^.+-]{0,126}\/[\da-z][\w!#$&^.+-]{0,126}$/i;

function checkArtifactType(artifactType: string, format: ArtifactFormat): void {
  if (format !== 'cncf') {
    throw new OciError('UNSUPPORTED', `artifacts of format ${format} have no artifact type; push it as cncf`);
  }
  if (!mediaTypePattern.test(artifactType)) {
    throw new OciError(
      'UNSUPPORTED',
      `"${artifactType}" is no artifact type: write a media type, e.g. application/vnd.example.app`,
    );
  }
}

/** As Go writes maps: whoever gives the same ones gets the same digest. */
function sorted(annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(annotations).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const titleAnnotation = 'org.opencontainers.image.title';

interface Measured {
  readonly head: Uint8Array;
  readonly digest: string;
  readonly size: number;
}

async function measure(module: Uint8Array | string, signal: AbortSignal | undefined): Promise<Measured> {
  const hash = createHash('sha256');
  let size = 0;
  const head = await firstBytes(chunksOf(module, signal));
  for await (const chunk of chunksOf(module, signal)) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { head, digest: formatHash(hash, 'sha256'), size };
}

const fileChunkBytes = 256 * 1024;

async function* chunksOf(
  module: Uint8Array | string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (typeof module !== 'string') {
    for (let at = 0; at < module.length; at += fileChunkBytes) yield module.subarray(at, at + fileChunkBytes);
    return;
  }
  const stream = createReadStream(module, {
    highWaterMark: fileChunkBytes,
    ...(signal === undefined ? {} : { signal }),
  });
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    stream.destroy();
  }
}

/** Config of the CNCF Wasm artifact, version 0: a component's names are required in it. */
async function cncfConfig(
  { module, created, signal }: PackOptions,
  kind: 'module' | 'component',
  digest: string,
): Promise<string> {
  const facts = { created: created.toISOString(), architecture: 'wasm' };
  if (kind === 'module') return JSON.stringify({ ...facts, os: 'wasip1', layerDigests: [digest] });
  const bytes = typeof module === 'string' ? await readFile(module, { signal }) : module;
  const description = describeComponent(bytes);
  const imports = description?.kind === 'component' ? description.imports : [];
  const component = { exports: description?.exports ?? [], imports };
  return JSON.stringify({ ...facts, os: 'wasip2', layerDigests: [digest], component });
}

/** JSON as Go's encoder writes it, so that the same input has the same digest as with wasm-to-oci. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
