import type { Descriptor } from '../content/descriptor.ts';
import { maxManifestBytes } from '../content/media-types.ts';
import type { AbortOptions, ContentReader, Manifest } from '../content/target.ts';
import { collect } from '../content/verified.ts';
import { OciError } from '../errors.ts';
import { chooseManifest } from './choose-manifest.ts';
import { parseManifest } from './parse-manifest.ts';
import { foreignImage, recognize } from './recognize.ts';
import { type WasmArtifact, wasmPlatform } from './wasm-artifact.ts';

export interface ReadWasmArtifact {
  readonly artifact: WasmArtifact;
  /** From the one that is named to the one that holds the module. */
  readonly manifests: readonly Manifest[];
}

/** Follows a manifest or index to the wasm artifact in it. Rejects with {@link OciError} `UNSUPPORTED_ARTIFACT`. */
export async function readWasmArtifact(
  from: ContentReader,
  root: Descriptor,
  name: string,
  abort: AbortOptions,
): Promise<ReadWasmArtifact> {
  const manifests: Manifest[] = [];
  for (let descriptor = root; ; ) {
    const bytes = await readSmall(from, descriptor, name, abort);
    manifests.push({ descriptor, bytes });
    const parsed = parseManifest(bytes, name);
    if (parsed.kind === 'index') {
      // An index within an index may be, and more is nobody's use.
      if (manifests.length === 3)
        throw new OciError('UNSUPPORTED_ARTIFACT', `${name}: its indexes are nested too deep`);
      descriptor = chooseManifest(parsed.manifests, name);
      continue;
    }
    const found = recognize(parsed, name);
    if (found.kind === 'image') throw foreignImage(await readSmall(from, found.config, name, abort), name);
    const { format, config, layer } = found;
    const sizes = [...manifests.map((manifest) => manifest.bytes.length), config.size, layer.size];
    const totalBytes = sizes.reduce((sum, size) => sum + size, 0);
    const manifestDigest = descriptor.digest;
    const artifact = {
      digest: root.digest,
      manifestDigest,
      format,
      platform: wasmPlatform,
      config,
      layer,
      totalBytes,
    };
    return { artifact, manifests };
  }
}

/** A manifest or config, whose sizes are bounded. */
async function readSmall(
  from: ContentReader,
  descriptor: Descriptor,
  name: string,
  abort: AbortOptions,
): Promise<Uint8Array> {
  const tooLarge = (): OciError =>
    new OciError('TOO_LARGE', `${name}: its manifest or config is larger than ${maxManifestBytes} bytes`, {
      reference: name,
    });
  if (descriptor.size > maxManifestBytes) throw tooLarge();
  return collect(from.read(descriptor, abort), maxManifestBytes, tooLarge);
}
