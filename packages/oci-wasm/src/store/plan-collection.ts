import { type ContentGraph, noReferrers, reach, referrersIn } from './content-graph.ts';
import type { PartialFile } from './partial-files.ts';

export interface CollectionLimits {
  readonly minimumAgeMs: number;
  readonly highBytes: number;
  readonly lowBytes: number;
  readonly freeBytes: number;
  readonly dropNames: boolean;
  readonly keepReferrers: boolean;
}

export interface CollectionInput extends CollectionLimits {
  readonly graph: ContentGraph;
  /** Of leases and pins. */
  readonly held: Iterable<string>;
  /** What names stand for. */
  readonly named: Iterable<string>;
  /** What has arrived of blobs that nobody writes any more. */
  readonly partials: readonly PartialFile[];
  readonly nowMs: number;
}

export interface CollectionPlan {
  /** With those of `partials`. */
  readonly totalBytes: number;
  readonly partials: readonly PartialFile[];
  /** Digests whose names are given up. */
  readonly names: ReadonlySet<string>;
  /** What nothing needs then. */
  readonly content: ReadonlySet<string>;
}

/** A manifest or a loose blob, with all that it leads to: goes as a whole or stays as a whole. */
interface Unit {
  readonly root: string;
  readonly named: boolean;
  readonly usedMs: number;
  /** But what is kept in any case. */
  readonly digests: readonly string[];
}

/**
 * Decides what goes: what has arrived of blobs first, then what has no name, then names, each in the order of last
 * use, until the store is small enough. Pure.
 */
export function planCollection(input: CollectionInput): CollectionPlan {
  const { graph, nowMs, minimumAgeMs } = input;
  const sizeOf = (digest: string): number => graph.get(digest)?.sizeBytes ?? 0;
  const contentBytes = [...graph.keys()].reduce((sum, digest) => sum + sizeOf(digest), 0);
  const totalBytes = input.partials.reduce((sum, { sizeBytes }) => sum + sizeBytes, contentBytes);
  const partials: PartialFile[] = [];
  const names = new Set<string>();
  const content = new Set<string>();
  if (totalBytes <= input.highBytes) return { totalBytes, partials, names, content };

  const units = unitsOf(input);
  const needed = new Map<string, number>();
  for (const digest of units.flatMap((unit) => unit.digests)) {
    needed.set(digest, (needed.get(digest) ?? 0) + 1);
  }
  let left = totalBytes;
  const isEnough = (): boolean => left <= input.lowBytes || totalBytes - left >= input.freeBytes;
  for (const partial of input.partials.toSorted((a, b) => a.grownMs - b.grownMs)) {
    if (isEnough() || nowMs - partial.grownMs < minimumAgeMs) break;
    partials.push(partial);
    left -= partial.sizeBytes;
  }
  for (const unit of units) {
    if (isEnough()) break;
    const own = unit.digests.filter((digest) => needed.get(digest) === 1);
    const youngest = Math.max(unit.usedMs, ...own.map((digest) => graph.get(digest)?.usedMs ?? 0));
    if (nowMs - youngest < minimumAgeMs) continue;
    for (const digest of unit.digests) needed.set(digest, (needed.get(digest) ?? 1) - 1);
    if (unit.named) names.add(unit.root);
    for (const digest of own) {
      content.add(digest);
      left -= sizeOf(digest);
    }
  }
  return { totalBytes, partials, names, content };
}

/** In the order in which they go. */
function unitsOf({ graph, held, named, dropNames, keepReferrers }: CollectionInput): readonly Unit[] {
  const referrers = keepReferrers ? referrersIn(graph) : noReferrers;
  const namedRoots = new Set(named);
  const kept = reach(graph, dropNames ? held : [...held, ...namedRoots], referrers);
  const unit = (root: string, isNamed: boolean): Unit => ({
    root,
    named: isNamed,
    usedMs: graph.get(root)?.usedMs ?? 0,
    digests: [...reach(graph, [root], referrers)].filter((digest) => !kept.has(digest) && graph.has(digest)),
  });
  const byUse = (units: readonly Unit[]): readonly Unit[] => units.toSorted((a, b) => a.usedMs - b.usedMs);

  const reachable = reach(graph, [...kept, ...namedRoots], referrers);
  const loose = [...graph.values()].filter(({ digest }) => !reachable.has(digest));
  const led = new Set(loose.flatMap(({ children, subject }) => [...children, ...(subject ? [subject] : [])]));
  const looseUnits = loose.filter(({ digest }) => !led.has(digest)).map(({ digest }) => unit(digest, false));
  const namedUnits = dropNames
    ? [...namedRoots].filter((digest) => !kept.has(digest)).map((digest) => unit(digest, true))
    : [];
  return [...byUse(looseUnits), ...byUse(namedUnits)];
}
