import { sniffWasm } from '@wasmlet/wasm-binary';
import type { Descriptor } from '../content/descriptor.ts';
import { maxManifestBytes } from '../content/media-types.ts';
import type { AbortOptions, ContentReader, Manifest } from '../content/target.ts';
import { collect } from '../content/verified.ts';
import { OciError } from '../errors.ts';
import { firstBytes } from './binary-kind.ts';
import { chooseManifest } from './choose-manifest.ts';
import { readImageConfig } from './image-config.ts';
import { parseManifest } from './parse-manifest.ts';
import { type ImageManifest, recognize, recognizeFile, recognizeImage } from './recognize.ts';
import { readSpinLock } from './spin-lock.ts';
import { type ArtifactFacts, type WasmArtifact, wasmPlatform } from './wasm-artifact.ts';

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
    const { config, layers } = parsed;
    const sizes = [...manifests.map((manifest) => manifest.bytes.length), config.size];
    const facts = {
      digest: root.digest,
      manifestDigest: descriptor.digest,
      platform: wasmPlatform,
      config,
      layers,
      totalBytes: [...sizes, ...layers.map(({ size }) => size)].reduce((sum, size) => sum + size, 0),
    };
    const annotations = { ...descriptor.annotations, ...parsed.annotations };
    return { artifact: await identify(from, { ...parsed, annotations }, facts, name, abort), manifests };
  }
}

/** What a manifest holds, with a look at its config, lock file or first bytes where those decide. */
async function identify(
  from: ContentReader,
  manifest: ImageManifest,
  facts: Omit<ArtifactFacts, 'reason'>,
  name: string,
  abort: AbortOptions,
): Promise<WasmArtifact> {
  const found = recognize(manifest, name);
  switch (found.kind) {
    case 'layer': {
      const { format, layer, reason } = found;
      return { ...facts, format, layer, reason };
    }
    case 'image-layer': {
      const { layer, reason } = found;
      const { program } = readImageConfig(await readSmall(from, facts.config, name, abort), name);
      return { ...facts, format: 'wasm-layer', layer, reason, program };
    }
    case 'spin': {
      const application = readSpinLock(await readSmall(from, found.lock, name, abort), name);
      const layer = facts.layers.find(({ digest }) => digest === application.source);
      if (layer === undefined) {
        throw new OciError(
          'UNSUPPORTED_ARTIFACT',
          `${name} is a Spin application whose component ${JSON.stringify(application.component)} is in none of its layers`,
          { reference: name },
        );
      }
      return { ...facts, format: 'spin', layer, reason: found.reason, application };
    }
    case 'image': {
      const config = readImageConfig(await readSmall(from, facts.config, name, abort), name);
      const reason = recognizeImage(config, manifest.annotations, name);
      return { ...facts, format: 'compat', reason, program: config.program };
    }
    case 'file': {
      const { layer } = found;
      const head = await firstBytes(from.read(layer, abort));
      const reason = recognizeFile(sniffWasm(head) !== 'not-wasm', manifest, name);
      return { ...facts, format: 'oras', layer, reason };
    }
  }
}

/** A manifest, config or lock file, whose sizes are bounded. */
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
