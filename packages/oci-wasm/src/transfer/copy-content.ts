import type { Descriptor } from '../content/descriptor.ts';
import { digestOf, parseDigest } from '../content/digest.ts';
import type {
  AbortOptions,
  Beginning,
  ContentReader,
  ContentWriter,
  Located,
  Manifest,
  Mounter,
  Resumer,
} from '../content/target.ts';
import { isVerified, markVerified } from '../content/verified.ts';
import { sideBySide } from './side-by-side.ts';

/** How far one blob has come. */
export interface Progress {
  readonly descriptor: Descriptor;
  /** Bytes of it that are at the destination, with those of an earlier transfer that this one goes on from. */
  readonly transferredBytes: number;
  /** Bytes that were there before, from an earlier transfer. @default none */
  readonly resumedBytes?: number;
}

/** What became of one blob or manifest: `there` when the destination had it, `mounted` from another repository. */
export type CopyOutcome = 'transferred' | 'mounted' | 'there' | 'skipped';

/** Ways to watch a copy and to take part in it. What a hook throws ends the copy. */
export interface CopyHooks {
  /** Called as bytes of a blob pass, often: for each chunk. */
  readonly onProgress?: (progress: Progress) => void;
  /** Whether to leave out a blob or manifest that the destination does not have. @default nothing */
  readonly skip?: (descriptor: Descriptor) => boolean | Promise<boolean>;
  /** Called just before a blob or manifest is transferred or mounted. */
  readonly before?: (descriptor: Descriptor) => void | Promise<void>;
  /** Called when a blob or manifest has been dealt with. */
  readonly after?: (descriptor: Descriptor, outcome: CopyOutcome) => void | Promise<void>;
}

export interface CopyContentOptions extends AbortOptions, CopyHooks {
  readonly from: ContentReader & Partial<Located & Resumer>;
  readonly to: ContentWriter & Partial<Mounter>;
  /** Each once. */
  readonly blobs: readonly Descriptor[];
  /** Innermost first. */
  readonly manifests: readonly Manifest[];
  /** Blobs at once. @default 3 */
  readonly concurrency?: number;
  /** Called when all blobs are there, before the manifests that make something of them. */
  readonly inspect?: () => Promise<void>;
}

/** How many blobs and manifests came to which end. */
export type CopyTally = Readonly<Record<CopyOutcome, number>>;

/** As dockerd. */
export const defaultConcurrency = 3;

/** Copies blobs side by side, then manifests in their order: whatever is named afterwards is complete. */
export async function copyContent(options: CopyContentOptions): Promise<CopyTally> {
  const { to, blobs, manifests, concurrency = defaultConcurrency, signal } = options;
  const tally: Record<CopyOutcome, number> = { transferred: 0, mounted: 0, there: 0, skipped: 0 };
  const note = async (descriptor: Descriptor, outcome: CopyOutcome): Promise<void> => {
    tally[outcome] += 1;
    await options.after?.(descriptor, outcome);
  };
  await sideBySide(blobs, { concurrency, signal }, async (blob, transferring) => {
    await note(blob, await copyBlob(blob, options, transferring));
  });
  await options.inspect?.();
  const abort = signal === undefined ? {} : { signal };
  for (const { descriptor, bytes } of manifests) {
    signal?.throwIfAborted();
    await note(
      descriptor,
      await unlessThere(descriptor, options, abort, async () => {
        await to.write(descriptor, () => once(bytes), abort);
        return 'transferred';
      }),
    );
  }
  return tally;
}

function copyBlob(
  descriptor: Descriptor,
  options: CopyContentOptions,
  signal: AbortSignal,
): Promise<CopyOutcome> {
  const { from, to, onProgress } = options;
  return unlessThere(descriptor, options, { signal }, async () => {
    const { location } = from;
    if (location !== undefined && (await to.mount?.(descriptor, location, { signal })) === true)
      return 'mounted';
    const report = (content: AsyncIterable<Uint8Array>, resumedBytes = 0): AsyncIterable<Uint8Array> =>
      reporting(content, descriptor, resumedBytes, onProgress);
    const embedded = embeddedContent(descriptor);
    if (embedded !== undefined) {
      await to.write(descriptor, () => report(once(embedded)), { signal });
      return 'transferred';
    }
    const rest = from.resume?.bind(from);
    const resume =
      rest && ((beginning: Beginning) => report(rest(descriptor, beginning, { signal }), beginning.length));
    await to.write(descriptor, () => report(from.read(descriptor, { signal })), {
      signal,
      ...(resume && { resume }),
    });
    return 'transferred';
  });
}

async function unlessThere(
  descriptor: Descriptor,
  { to, skip, before }: CopyContentOptions,
  abort: AbortOptions,
  copy: () => Promise<CopyOutcome>,
): Promise<CopyOutcome> {
  if (await to.has(descriptor, abort)) return 'there';
  if ((await skip?.(descriptor)) === true) return 'skipped';
  await before?.(descriptor);
  return copy();
}

/** What a descriptor carries itself, if it is what the descriptor says; else it is fetched. */
function embeddedContent({ data, digest, size }: Descriptor): Uint8Array | undefined {
  if (data === undefined) return undefined;
  const bytes = Buffer.from(data, 'base64');
  const isRight = bytes.length === size && digestOf(bytes, parseDigest(digest).algorithm) === digest;
  return isRight ? bytes : undefined;
}

function reporting(
  content: AsyncIterable<Uint8Array>,
  descriptor: Descriptor,
  resumedBytes: number,
  onProgress: CopyHooks['onProgress'],
): AsyncIterable<Uint8Array> {
  if (onProgress === undefined) return content;
  const resumed = resumedBytes > 0 ? { resumedBytes } : {};
  async function* reported(): AsyncGenerator<Uint8Array, void, undefined> {
    let transferredBytes = resumedBytes;
    if (resumedBytes > 0) onProgress?.({ descriptor, transferredBytes, ...resumed });
    for await (const chunk of content) {
      // Whoever takes it may give its memory back.
      const { length } = chunk;
      yield chunk;
      transferredBytes += length;
      onProgress?.({ descriptor, transferredBytes, ...resumed });
    }
  }
  return isVerified(descriptor, content) ? markVerified(descriptor, reported()) : reported();
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
