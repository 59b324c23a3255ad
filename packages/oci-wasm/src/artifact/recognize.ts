import type { Descriptor } from '../content/descriptor.ts';
import { OciError } from '../errors.ts';
import { noWasmPlatform, printable } from './choose-manifest.ts';
import type { ParsedManifest } from './parse-manifest.ts';
import { type ArtifactFormat, formatTypes } from './wasm-artifact.ts';

/** What a manifest holds. */
export type Recognized =
  | {
      readonly kind: 'wasm';
      readonly format: ArtifactFormat;
      readonly config: Descriptor;
      readonly layer: Descriptor;
    }
  /** An image for containers; which platform it is for stands in its config. */
  | { readonly kind: 'image'; readonly config: Descriptor };

type ImageManifest = Extract<ParsedManifest, { kind: 'manifest' }>;

/**
 * Tells a wasm artifact by the media type of its config, and by that of its layer where pushers have used
 * another config.
 *
 * Throws {@link OciError} `UNSUPPORTED_ARTIFACT` saying what it is instead.
 */
export function recognize({ config, layers, artifactType }: ImageManifest, name: string): Recognized {
  const unsupported = (problem: string): OciError =>
    new OciError('UNSUPPORTED_ARTIFACT', `${name} ${problem}`, { reference: name });
  const format = formats.find((known) => formatTypes[known].config === config.mediaType);
  const wasmLayers = layers.filter(({ mediaType }) =>
    formats.some((known) => formatTypes[known].layer === mediaType),
  );
  const [layer] = wasmLayers;

  if (layers.some(({ mediaType }) => mediaType.startsWith('application/vnd.fermyon.spin.'))) {
    throw unsupported('is a Spin application; only artifacts with one wasm module are supported');
  }
  if (format !== undefined || (layer !== undefined && !imageConfigs.includes(config.mediaType))) {
    if (layer === undefined) throw unsupported(`has no layer of type ${wantedLayers}`);
    if (layers.length > 1) throw unsupported(`has ${layers.length} layers; a wasm artifact has exactly one`);
    return { kind: 'wasm', format: format ?? formatOfLayer(layer), config, layer };
  }
  if (imageConfigs.includes(config.mediaType)) return { kind: 'image', config };
  const what = printable(artifactType ?? config.mediaType);
  throw unsupported(`is an artifact of type ${what}, not WebAssembly; push it with \`wasmlet push\``);
}

const formats = Object.keys(formatTypes) as readonly ArtifactFormat[];
const wantedLayers = formats.map((format) => formatTypes[format].layer).join(' or ');
const imageConfigs: readonly string[] = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
];

function formatOfLayer({ mediaType }: Descriptor): ArtifactFormat {
  return mediaType === formatTypes.cncf.layer ? 'cncf' : 'wasm-to-oci';
}

/** Why an image for containers is refused, from its config. */
export function foreignImage(config: Uint8Array, name: string): OciError {
  let platform = 'an unknown platform';
  let isWasm = false;
  try {
    const { os, architecture } = JSON.parse(Buffer.from(config).toString()) as Readonly<
      Record<string, unknown>
    >;
    if (typeof os === 'string' && typeof architecture === 'string') {
      platform = printable(`${os}/${architecture}`);
      isWasm = architecture.startsWith('wasm');
    }
  } catch {
    // It is refused all the same.
  }
  if (!isWasm) return noWasmPlatform([platform], name);
  return new OciError(
    'UNSUPPORTED_ARTIFACT',
    `${name} is a container image for ${platform}, with its module in a file system layer; only wasm artifacts are supported: push the module with \`wasmlet push\``,
    { reference: name },
  );
}
