import { readWasmArtifact } from '../artifact/read-wasm-artifact.ts';
import type { WasmArtifact } from '../artifact/wasm-artifact.ts';
import type { Descriptor } from '../content/descriptor.ts';
import type { AbortOptions, Resumer, Source, Target } from '../content/target.ts';
import { OciError } from '../errors.ts';
import { formatReference, type Reference } from '../reference.ts';
import { copyContent, type Progress } from './copy-content.ts';
import { nearestReader } from './nearest-reader.ts';

/** Options of {@link copyArtifact}. */
export interface CopyArtifactOptions extends AbortOptions {
  readonly from: Source & Partial<Resumer>;
  readonly to: Target;
  readonly reference: Reference;
  /** Largest artifact that is copied, in bytes: its layers together. */
  readonly maxLayerBytes: number;
  /** Called with what the reference stands for, before anything is copied; what it throws ends the copy. */
  readonly admit?: (root: Descriptor) => Promise<void>;
  /** Called when all content is there, before it gets its name; what it throws ends the copy. */
  readonly inspect?: (artifact: WasmArtifact) => Promise<void>;
  /** Called as bytes of a blob pass, often: for each chunk. */
  readonly onProgress?: (progress: Progress) => void;
}

/** The artifact; `transferred` is false when all of it was there already. */
export type CopiedArtifact = WasmArtifact & { readonly transferred: boolean };

/**
 * Copies one wasm artifact: content first, then its manifests from the innermost out, the name last, so that
 * whatever has a name is complete. Pull and push are this, with the two ends exchanged.
 *
 * Rejects with {@link OciError}, among them `UNSUPPORTED_ARTIFACT` for what is no wasm artifact, `TOO_LARGE`.
 */
export async function copyArtifact(options: CopyArtifactOptions): Promise<CopiedArtifact> {
  const { from, to, reference, maxLayerBytes, onProgress, signal } = options;
  const abort = signal === undefined ? {} : { signal };
  const root = await from.resolve(reference, abort);
  await options.admit?.(root);
  const nearest = (await to.has(root, abort)) ? nearestReader(from, to) : from;
  const { artifact, manifests } = await readWasmArtifact(nearest, root, formatReference(reference), abort);
  const layerBytes = artifact.layers.reduce((sum, { size }) => sum + size, 0);
  if (layerBytes > maxLayerBytes) {
    throw new OciError(
      'TOO_LARGE',
      `${formatReference(reference)}: its layers have ${layerBytes} bytes; at most ${maxLayerBytes} are copied`,
      { reference: formatReference(reference) },
    );
  }
  const { transferred, mounted } = await copyContent({
    from,
    to,
    blobs: distinct([artifact.config, ...artifact.layers]),
    manifests: manifests.toReversed(),
    inspect: async () => options.inspect?.(artifact),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...abort,
  });
  const [named] = manifests;
  if (named) await to.tag(named, reference, abort);
  return { ...artifact, transferred: transferred + mounted > 0 };
}

/** Images may have the same layer more than once. */
function distinct(blobs: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
}
