import type { Descriptor } from '../content/descriptor.ts';
import { type ManifestLinks, manifestLinks } from '../content/manifest-links.ts';
import { isManifestType, isNondistributable, maxManifestBytes } from '../content/media-types.ts';
import type { AbortOptions, ContentReader, Manifest, ReferrersLister } from '../content/target.ts';
import { collect } from '../content/verified.ts';
import { OciError } from '../errors.ts';
import { sideBySide } from './side-by-side.ts';

/** How much of an artifact's manifests is followed; more is refused before anything is copied. */
export interface GraphLimits {
  /** Manifests on the way from the root to the last. @default 8 */
  readonly depth: number;
  /** @default 1_000 */
  readonly manifests: number;
  /** Of all manifests together; one alone has 4 MiB at most. @default 16 MiB */
  readonly manifestBytes: number;
  /** @default 10_000 */
  readonly blobs: number;
}

export const defaultGraphLimits: GraphLimits = {
  depth: 8,
  manifests: 1_000,
  manifestBytes: 16 * 1024 * 1024,
  blobs: 10_000,
};

export interface ReadGraphOptions extends AbortOptions {
  readonly from: ContentReader;
  readonly root: Descriptor;
  /** For messages. */
  readonly name: string;
  readonly limits: GraphLimits;
  readonly concurrency: number;
  /** Asked for what refers to each manifest, which then belongs to the graph as well. */
  readonly referrers: ReferrersLister | undefined;
  /** Whether layers that may not be handed out belong to it. */
  readonly nondistributable: boolean;
}

/** Everything that an artifact is made of. */
export interface ArtifactGraph {
  readonly root: Manifest;
  /** Each before those that lead to it, the root among them. */
  readonly manifests: readonly Manifest[];
  /** Each once. */
  readonly blobs: readonly Descriptor[];
}

interface Node {
  readonly manifest: Manifest;
  readonly links: ManifestLinks;
}

/** Reads all manifests of an artifact, level by level. Rejects with {@link OciError} `TOO_LARGE`, `UNSUPPORTED_ARTIFACT`. */
export async function readGraph(options: ReadGraphOptions): Promise<ArtifactGraph> {
  const { from, root, name, limits, concurrency, referrers, nondistributable, signal } = options;
  const abort = signal === undefined ? {} : { signal };
  const tooLarge = (problem: string): OciError =>
    new OciError('TOO_LARGE', `${name}: ${problem}`, { reference: name });
  const nodes = new Map<string, Node>();
  const blobs = new Map<string, Descriptor>();
  const seen = new Set<string>();
  let manifestBytes = 0;

  /** Those that have not been seen, counted before anything is fetched. */
  const unseen = (list: readonly Descriptor[]): readonly Descriptor[] =>
    list.filter(({ digest, size }) => {
      if (seen.has(digest)) return false;
      seen.add(digest);
      manifestBytes += size;
      if (seen.size > limits.manifests) throw tooLarge(`it has more than ${limits.manifests} manifests`);
      if (size > maxManifestBytes)
        throw tooLarge(`manifest ${digest} is larger than ${maxManifestBytes} bytes`);
      if (manifestBytes > limits.manifestBytes)
        throw tooLarge(`its manifests are larger than ${limits.manifestBytes} bytes together`);
      return true;
    });

  const add = async (descriptor: Descriptor, reading: AbortOptions): Promise<readonly Descriptor[]> => {
    const bytes = await collect(from.read(descriptor, reading), descriptor.size, () =>
      tooLarge(`manifest ${descriptor.digest} is larger than it should be`),
    );
    const { digest, size } = descriptor;
    const links = manifestLinks({ descriptor, bytes }, name);
    nodes.set(digest, {
      manifest: { descriptor: { mediaType: links.mediaType, digest, size }, bytes },
      links,
    });
    for (const blob of links.blobs) {
      if (nondistributable || !isNondistributable(blob.mediaType)) blobs.set(blob.digest, blob);
      if (blobs.size > limits.blobs) throw tooLarge(`it has more than ${limits.blobs} blobs`);
    }
    const about: Descriptor[] = [];
    let listed = 0;
    for await (const referrer of referrers?.referrers(descriptor, reading) ?? []) {
      listed += 1;
      if (listed > limits.manifests) throw tooLarge(`more than ${limits.manifests} manifests refer to it`);
      // Without what else it says, which may be megabytes.
      const { mediaType } = referrer;
      if (isManifestType(mediaType)) about.push({ mediaType, digest: referrer.digest, size: referrer.size });
    }
    return [...links.manifests, ...about];
  };

  let level = unseen([root]);
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > limits.depth) throw tooLarge(`its manifests are nested more than ${limits.depth} deep`);
    const next: Descriptor[] = [];
    await sideBySide(level, { concurrency, signal }, async (descriptor, reading) => {
      next.push(...unseen(await add(descriptor, { ...abort, signal: reading })));
    });
    level = next;
  }
  const { manifest } = nodes.get(root.digest) as Node;
  return { root: manifest, manifests: innermostFirst(nodes), blobs: [...blobs.values()] };
}

function innermostFirst(nodes: ReadonlyMap<string, Node>): readonly Manifest[] {
  const ordered = new Map<string, Manifest>();
  const begun = new Set<string>();
  const visit = (digest: string): void => {
    const node = nodes.get(digest);
    if (node === undefined || begun.has(digest)) return;
    begun.add(digest);
    const { manifests, subject } = node.links;
    for (const inner of manifests) visit(inner.digest);
    if (subject !== undefined) visit(subject.digest);
    ordered.set(digest, node.manifest);
  };
  for (const digest of nodes.keys()) visit(digest);
  return [...ordered.values()];
}
