import type { Descriptor } from '../content/descriptor.ts';
import { OciError } from '../errors.ts';
import { noWasmPlatform, variantAnnotation } from './choose-manifest.ts';
import { printable } from './printable.ts';
import type { ImageConfig } from './image-config.ts';
import type { ParsedManifest } from './parse-manifest.ts';
import { type ArtifactFormat, formatTypes, type LayerArtifact } from './wasm-artifact.ts';

/** What the media types of a manifest say that it holds. */
export type Recognized =
  | {
      readonly kind: 'layer';
      readonly format: LayerArtifact['format'];
      readonly layer: Descriptor;
      readonly reason: string;
    }
  | { readonly kind: 'image-layer'; readonly layer: Descriptor; readonly reason: string }
  /** Which layer is the binary stands in the lock file. */
  | { readonly kind: 'spin'; readonly lock: Descriptor; readonly reason: string }
  /** An image for containers: its config decides, see {@link recognizeImage}. */
  | { readonly kind: 'image' }
  /** A file of an unknown type: its first bytes decide, see {@link recognizeFile}. */
  | { readonly kind: 'file'; readonly layer: Descriptor };

export type ImageManifest = Extract<ParsedManifest, { kind: 'manifest' }>;

/**
 * Tells what a manifest holds by the media type of its config, then by those of its layers, then by its artifact
 * type.
 *
 * Throws {@link OciError} `UNSUPPORTED_ARTIFACT` saying what it is instead.
 */
export function recognize(manifest: ImageManifest, name: string): Recognized {
  const { config, layers, artifactType } = manifest;
  const spinLayer = layers.find(({ mediaType }) => mediaType === spinLock);
  if (config.mediaType === spinLock || spinLayer !== undefined) {
    const lock = spinLayer ?? config;
    return { kind: 'spin', lock, reason: `it has a lock file of type ${spinLock}` };
  }
  const ownFormat = configFormats.get(config.mediaType);
  if (ownFormat !== undefined) {
    const reason = `its config is of type ${config.mediaType}`;
    return { kind: 'layer', format: ownFormat, layer: wasmLayer(manifest, name, ownFormat), reason };
  }
  const typed = layers.find(({ mediaType }) => layerFormats.has(mediaType));
  if (typed !== undefined) {
    const reason = `its layer is of type ${typed.mediaType}`;
    const format = layerFormats.get(typed.mediaType) ?? 'oras';
    if (imageConfigs.includes(config.mediaType) || format === 'wasm-layer') {
      return { kind: 'image-layer', layer: wasmLayer(manifest, name, 'wasm-layer'), reason };
    }
    return { kind: 'layer', format, layer: wasmLayer(manifest, name, format), reason };
  }
  if (imageConfigs.includes(config.mediaType)) return { kind: 'image' };
  const type = artifactType ?? config.mediaType;
  if (/(?:^|[./+-])wasm(?:$|[./+-])/i.test(type)) {
    const reason = `its artifact type is ${printable(type)}`;
    return { kind: 'layer', format: 'oras', layer: titledLayer(manifest, name), reason };
  }
  const [layer] = layers;
  if (layer !== undefined && layers.length === 1) return { kind: 'file', layer };
  throw notWasm(manifest, name);
}

/**
 * Tells an image that is meant for a wasm runtime from those for machines: by its platform, by crun's annotation,
 * by the name of its entry point. Returns the reason.
 *
 * Throws {@link OciError} `UNSUPPORTED_ARTIFACT` naming the platform that it is for.
 */
export function recognizeImage(
  { platform, isWasm, program: { entrypoint, cmd } }: ImageConfig,
  annotations: Readonly<Record<string, string>>,
  name: string,
): string {
  if (isWasm) return `its platform is ${printable(platform ?? 'wasm')}`;
  const variant = annotations[variantAnnotation];
  if (variant === 'compat' || variant === 'compat-smart') {
    return `its annotation ${variantAnnotation} is ${variant}`;
  }
  const [program = ''] = [...entrypoint, ...cmd];
  if (/\.wa(?:sm|t)(?:#|$)/.test(program)) return `its entry point is ${printable(program)}`;
  throw noWasmPlatform([printable(platform ?? 'an unknown platform')], name);
}

/** By the first bytes of a single layer. Throws {@link OciError} `UNSUPPORTED_ARTIFACT`. */
export function recognizeFile(isWasm: boolean, manifest: ImageManifest, name: string): string {
  if (isWasm) return 'its only layer begins with \\0asm';
  throw notWasm(manifest, name);
}

const spinLock = 'application/vnd.fermyon.spin.application.v1+config';
const imageConfigs: readonly string[] = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
];
const configFormats: ReadonlyMap<string, ArtifactFormat | 'wasmcloud'> = new Map([
  [formatTypes.cncf.config, 'cncf'],
  [formatTypes['wasm-to-oci'].config, 'wasm-to-oci'],
  ['application/vnd.module.wasm.config.v1+json', 'wasmcloud'],
]);
/** Of artifacts whose config tells nothing. */
const layerFormats: ReadonlyMap<string, LayerArtifact['format'] | 'wasm-layer'> = new Map([
  [formatTypes['wasm-to-oci'].layer, 'wasm-to-oci'],
  ['application/vnd.module.wasm.content.layer.v1+wasm', 'wasmcloud'],
  ['application/vnd.bytecodealliance.wasm.component.layer.v0+wasm', 'wasm-layer'],
  [formatTypes.cncf.layer, 'oras'],
]);

/** The one layer that is of a wasm type. */
function wasmLayer(
  { layers }: ImageManifest,
  name: string,
  format: LayerArtifact['format'] | 'wasm-layer',
): Descriptor {
  const typed = layers.filter(({ mediaType }) => layerFormats.has(mediaType));
  const [layer] = typed;
  if (layer === undefined) {
    throw unsupported(name, `has no layer of type ${[...layerFormats.keys()].join(' or ')}`);
  }
  // What lies beside a file that was pushed as such is nobody's business.
  const several = format === 'oras' || format === 'wasmcloud' ? typed : layers;
  if (several.length > 1)
    throw unsupported(name, `has ${several.length} layers; a wasm artifact has exactly one`);
  return layer;
}

/** The only layer, else the only one whose file is called so. */
function titledLayer({ layers }: ImageManifest, name: string): Descriptor {
  const titled = layers.filter(({ annotations }) =>
    annotations?.['org.opencontainers.image.title']?.endsWith('.wasm'),
  );
  const [layer] = layers.length === 1 ? layers : titled;
  if (layer === undefined || (layers.length > 1 && titled.length > 1)) {
    throw unsupported(name, `has ${layers.length} layers, and which of them is WebAssembly is not told`);
  }
  return layer;
}

function notWasm({ artifactType, config }: ImageManifest, name: string): OciError {
  const what = printable(artifactType ?? config.mediaType);
  return unsupported(name, `is an artifact of type ${what}, not WebAssembly; push it with \`wasmlet push\``);
}

function unsupported(name: string, problem: string): OciError {
  return new OciError('UNSUPPORTED_ARTIFACT', `${name} ${problem}`, { reference: name });
}
