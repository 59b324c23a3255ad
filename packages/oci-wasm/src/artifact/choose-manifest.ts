import type { Descriptor, Platform } from '../content/descriptor.ts';
import { isManifestType } from '../content/media-types.ts';
import { OciError } from '../errors.ts';
import { wasmPlatform } from './wasm-artifact.ts';
import { printable } from './printable.ts';

/**
 * The entry of an index that holds WebAssembly: one for a wasm platform, however it is spelt, or one that is marked
 * for crun; else the only one that names no platform; else the only one there is. Never one for a machine's platform.
 *
 * Throws {@link OciError} `UNSUPPORTED_ARTIFACT` naming the platforms that are there.
 */
export function chooseManifest(manifests: readonly Descriptor[], name: string): Descriptor {
  // Attestations and the like are listed beside what they are about.
  const candidates = manifests.filter(
    ({ mediaType, platform }) => isManifestType(mediaType) && platform?.os !== 'unknown',
  );
  const best = candidates
    .map((descriptor) => ({ descriptor, rank: rankOf(descriptor) }))
    .filter(({ rank }) => rank > 0)
    .toSorted((a, b) => b.rank - a.rank)[0];
  if (best) return best.descriptor;
  const unspecified = candidates.filter(({ platform }) => platform === undefined);
  const [only] = unspecified;
  if (only !== undefined && unspecified.length === 1) return only;
  const [single] = candidates;
  if (single?.platform !== undefined && candidates.length === 1 && !isMachine(single.platform)) return single;
  throw noWasmPlatform(candidates.map(platformOf), name);
}

/** As containerd words it, so that people find the explanations that exist. */
export function noWasmPlatform(platforms: readonly string[], name: string): OciError {
  const distinct = [...new Set(platforms)];
  const shown = distinct.slice(0, 8).join(', ') + (distinct.length > 8 ? ', …' : '');
  const there = shown === '' ? 'it names no platform' : `it has ${shown}`;
  return new OciError(
    'UNSUPPORTED_ARTIFACT',
    `no match for platform in manifest: no ${wasmPlatform} in image ${name}; ${there}`,
    { reference: name },
  );
}

/** `wasi/wasm` is the usual spelling; `wasip1/wasm`, `wasi/wasm32` and `linux/wasm` are met as well. */
function rankOf({ platform, annotations }: Descriptor): number {
  if (platform?.architecture.startsWith('wasm') === true) {
    if (platform.os === 'wasi' && platform.architecture === 'wasm') return 4;
    return platform.os.startsWith('wasi') ? 3 : 2;
  }
  return annotations?.[variantAnnotation] === undefined ? 0 : 1;
}

/** How builders for crun mark an image, whatever its platform says. */
export const variantAnnotation = 'module.wasm.image/variant';

/** Whether a platform names an operating system that runs on a processor. */
function isMachine({ os }: Platform): boolean {
  return os !== '' && !os.startsWith('was');
}

function platformOf({ platform }: Descriptor): string {
  if (platform === undefined) return 'an entry without a platform';
  return printable(`${platform.os}/${platform.architecture}`);
}
