import { readWasmArtifact } from '../artifact/read-wasm-artifact.ts';
import type { WasmArtifact } from '../artifact/wasm-artifact.ts';
import type { Descriptor } from '../content/descriptor.ts';
import type { AbortOptions, ContentReader, Source, Target } from '../content/target.ts';
import { OciError } from '../errors.ts';
import { formatReference, type Reference } from '../reference.ts';

export interface CopyOptions extends AbortOptions {
  readonly from: Source;
  readonly to: Target;
  readonly reference: Reference;
  /** Largest layer that is copied. */
  readonly maxLayerBytes: number;
  /** Called when all content is there, before it gets its name; what it throws ends the copy. */
  readonly inspect?: (artifact: WasmArtifact) => Promise<void>;
  readonly onProgress?: (progress: Progress) => void;
}

/** How far one blob has come. */
export interface Progress {
  readonly descriptor: Descriptor;
  readonly transferredBytes: number;
}

export interface CopiedArtifact extends WasmArtifact {
  /** False when all of it was there already. */
  readonly transferred: boolean;
}

/** Tries of one blob whose transfer broke off. */
const blobTries = 3;

/**
 * Copies one wasm artifact: content first, then its manifests from the innermost out, the name last, so that
 * whatever has a name is complete. Pull and push are this, with the two ends exchanged.
 */
export async function copyArtifact(options: CopyOptions): Promise<CopiedArtifact> {
  const { from, to, reference, maxLayerBytes, signal } = options;
  const abort = signal === undefined ? {} : { signal };
  const root = await from.resolve(reference, abort);
  const nearest = await nearestSource(from, to, root, abort);
  const { artifact, manifests } = await readWasmArtifact(nearest, root, formatReference(reference), abort);
  if (artifact.layer.size > maxLayerBytes) {
    throw new OciError(
      'TOO_LARGE',
      `${formatReference(reference)}: its module has ${artifact.layer.size} bytes; at most ${maxLayerBytes} are copied`,
      { reference: formatReference(reference) },
    );
  }
  let transferred = await copyBlobs([artifact.config, artifact.layer], options);
  await options.inspect?.(artifact);
  for (const manifest of manifests.toReversed()) {
    if (await to.has(manifest.descriptor, abort)) continue;
    await to.write(manifest.descriptor, () => once(manifest.bytes), abort);
    transferred = true;
  }
  const [named] = manifests;
  if (named) await to.tag(named, reference, abort);
  return { ...artifact, transferred };
}

/** What the destination has already is not fetched again to be looked at. */
async function nearestSource(
  from: Source,
  to: Target,
  root: Descriptor,
  abort: AbortOptions,
): Promise<ContentReader> {
  if (!(await to.has(root, abort))) return from;
  return {
    async *read(descriptor, options) {
      yield* ((await to.has(descriptor, options)) ? to : from).read(descriptor, options);
    },
  };
}

/** Side by side; when one fails, the others are ended before this rejects. Resolves with false when there was nothing to do. */
async function copyBlobs(blobs: readonly Descriptor[], options: CopyOptions): Promise<boolean> {
  const failed = new AbortController();
  const signal =
    options.signal === undefined ? failed.signal : AbortSignal.any([options.signal, failed.signal]);
  const copies = await Promise.allSettled(
    blobs.map(async (blob) => {
      try {
        return await copyBlob(blob, { ...options, signal });
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }),
  );
  options.signal?.throwIfAborted();
  failed.signal.throwIfAborted();
  return copies.some((copy) => copy.status === 'fulfilled' && copy.value);
}

/** Resolves with false when there was nothing to do. */
async function copyBlob(
  descriptor: Descriptor,
  { from, to, onProgress, signal }: CopyOptions,
): Promise<boolean> {
  const abort = signal === undefined ? {} : { signal };
  if (await to.has(descriptor, abort)) return false;
  const open = (): AsyncIterable<Uint8Array> =>
    reporting(from.read(descriptor, abort), descriptor, onProgress);
  for (let tried = 1; ; tried += 1) {
    try {
      await to.write(descriptor, open, abort);
      return true;
    } catch (error) {
      signal?.throwIfAborted();
      // Bytes that are wrong stay wrong; a connection that broke off may not do so again.
      if (!(error instanceof OciError) || error.code !== 'TRUNCATED' || tried === blobTries) throw error;
    }
  }
}

async function* reporting(
  source: AsyncIterable<Uint8Array>,
  descriptor: Descriptor,
  onProgress: CopyOptions['onProgress'],
): AsyncGenerator<Uint8Array, void, undefined> {
  let transferredBytes = 0;
  for await (const chunk of source) {
    yield chunk;
    transferredBytes += chunk.length;
    onProgress?.({ descriptor, transferredBytes });
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
