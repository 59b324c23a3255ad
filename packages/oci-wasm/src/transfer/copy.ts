import type { Descriptor } from '../content/descriptor.ts';
import type {
  AbortOptions,
  Leaser,
  Located,
  Mounter,
  ReferrersLister,
  Resumer,
  Source,
  Target,
} from '../content/target.ts';
import { OciError } from '../errors.ts';
import { formatReference, parseReference, type Reference } from '../reference.ts';
import { copyContent, type CopyHooks, type CopyTally, defaultConcurrency } from './copy-content.ts';
import { nearestReader } from './nearest-reader.ts';
import { defaultGraphLimits, type GraphLimits, readGraph } from './read-graph.ts';

/** Options of {@link copy}. */
export interface CopyOptions extends AbortOptions, CopyHooks {
  readonly from: Source & Partial<Resumer & ReferrersLister & Located>;
  /** What it has and gets stays there until the end of the copy, where it can see to that (`lease`). */
  readonly to: Target & Partial<Mounter & Leaser>;
  /** What is copied: a tag or digest at `from`. */
  readonly source: string | Reference;
  /** Its name at `to`. A digest in it has to be the one that is copied. @default as `source` */
  readonly destination?: string | Reference;
  /** Whether what refers to it (signatures, SBOMs) is copied as well; `from` has to be able to tell. @default false */
  readonly referrers?: boolean;
  /** Whether layers that only their makers may hand out are copied where `from` has them. @default false */
  readonly nondistributable?: boolean;
  /** Transfers at once. @default 3 */
  readonly concurrency?: number;
  /** How large an artifact may be. @default as {@link GraphLimits} says */
  readonly limits?: Partial<GraphLimits>;
}

/** What was copied, and how many blobs and manifests came to which end. */
export interface CopyResult extends CopyTally {
  /** What the name at the destination stands for now. */
  readonly descriptor: Descriptor;
}

/**
 * Copies an artifact of any kind, whole: image, index with all platforms, nested index, artifact with a subject, by
 * OCI's or docker's media types. Blobs come first, each once, then manifests from the innermost out, the name last,
 * so that whatever has a name is complete. What the destination has is not transferred, and what it can mount from
 * another repository of its registry is.
 *
 * Rejects with {@link OciError}, among them `TOO_LARGE` beyond `limits` and `INVALID_REFERENCE` for a destination
 * with another digest.
 */
export async function copy(options: CopyOptions): Promise<CopyResult> {
  const { from, concurrency = defaultConcurrency, signal } = options;
  const source = referenceOf(options.source);
  const destination = referenceOf(options.destination ?? source);
  const name = formatReference(source);
  const abort = signal === undefined ? {} : { signal };
  await using lease = await options.to.lease?.(abort);
  const to = lease ?? options.to;
  const resolved = await from.resolve(source, abort);
  if (destination.digest !== undefined && destination.digest !== resolved.digest) {
    const wanted = formatReference(destination);
    throw new OciError(
      'INVALID_REFERENCE',
      `cannot copy ${name} to ${wanted}: its digest is ${resolved.digest}; leave out the digest, or write that one`,
      { reference: wanted },
    );
  }
  const { root, manifests, blobs } = await readGraph({
    from: nearestReader(from, to),
    root: resolved,
    name,
    limits: { ...defaultGraphLimits, ...options.limits },
    concurrency,
    referrers: options.referrers === true ? referrersLister(from, name) : undefined,
    nondistributable: options.nondistributable ?? false,
    ...abort,
  });
  const tally = await copyContent({ ...options, to, concurrency, manifests, blobs });
  await to.tag(root, destination, abort);
  return { ...tally, descriptor: root.descriptor };
}

function referenceOf(reference: string | Reference): Reference {
  return typeof reference === 'string' ? parseReference(reference) : reference;
}

function referrersLister(from: CopyOptions['from'], name: string): ReferrersLister {
  const { referrers } = from;
  if (referrers !== undefined) return { referrers: referrers.bind(from) };
  throw new OciError(
    'UNSUPPORTED',
    `cannot copy what refers to ${name}: the source does not tell what does`,
    {
      reference: name,
    },
  );
}
