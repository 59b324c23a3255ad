import type { Descriptor } from '../content/descriptor.ts';
import { OciError } from '../errors.ts';
import { type CollectedStore, inCollectionTurn, rootsOf } from './collect-garbage.ts';
import {
  type ContentGraph,
  type KnownLinks,
  noReferrers,
  reach,
  readContentGraph,
  referrersIn,
} from './content-graph.ts';
import type { IndexEntry } from './index-file.ts';
import { readLeases } from './lease-files.ts';
import { moveAside, settleRemoved } from './removed-files.ts';

/**
 * Removes a manifest with all names that it has, and those manifests that are about it and have none; what they lead
 * to goes with the next collection.
 */
export async function deleteContent(
  store: CollectedStore,
  { digest }: Descriptor,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { root, index } = store;
  const remove = async (): Promise<void> => {
    const known: KnownLinks = new Map();
    const graph = await readContentGraph(root, known, signal);
    const going = withReferrers(graph, digest);
    const isGiven = ({ descriptor, name }: IndexEntry): boolean =>
      descriptor?.digest === digest ||
      (descriptor !== undefined && name === undefined && going.has(descriptor.digest));
    const entries = await index.list(signal);
    if (!graph.has(digest) && !entries.some(isGiven)) {
      throw new OciError('NOT_FOUND_LOCALLY', `${digest} is not in the store ${root}; nothing was deleted`);
    }
    const others = entries.filter((entry) => !isGiven(entry));
    const holders = await holdersOf(store, graph, going, others);
    const needs = (list: readonly Holder[]): boolean =>
      reach(
        graph,
        list.map((holder) => holder.digest),
        noReferrers,
      ).has(digest);
    if (needs(holders)) {
      const name = holders.find((holder) => needs([holder]))?.name ?? 'something else';
      const problem = `${name} needs it; give that up first`;
      throw new OciError('UNSUPPORTED', `cannot delete ${digest} of the store ${root}: ${problem}`);
    }
    await index.remove(async (list) => list.filter(isGiven), signal);
    await moveAside(
      root,
      graph,
      [...going].filter((gone) => graph.has(gone)),
      undefined,
    );
    await settleRemoved(root, { roots: () => rootsOf(store), keepReferrers: true, known });
  };
  await inCollectionTurn(store, remove, signal);
}

/** A manifest, those that are about it, those that are about them, and so on. */
function withReferrers(graph: ContentGraph, digest: string): ReadonlySet<string> {
  const referrers = referrersIn(graph);
  const found = new Set([digest]);
  // What is added meanwhile is gone through as well.
  for (const subject of found) for (const referrer of referrers.get(subject) ?? []) found.add(referrer);
  return found;
}

interface Holder {
  /** For messages. */
  readonly name: string;
  readonly digest: string;
}

/** Whatever may need content that is to be deleted. */
async function holdersOf(
  { root, pins }: CollectedStore,
  graph: ContentGraph,
  going: ReadonlySet<string>,
  entries: readonly IndexEntry[],
): Promise<readonly Holder[]> {
  const leased = [...(await readLeases(root))].map((digest) => ({ name: 'work that is going on', digest }));
  const pinned = (await pins.list()).map(({ id, digest }) => ({ name: `pin ${id}`, digest }));
  const named = entries.flatMap(({ name, descriptor }) =>
    descriptor === undefined
      ? []
      : [{ name: name ?? `the entry of ${descriptor.digest}`, digest: descriptor.digest }],
  );
  const parents = [...graph.values()]
    .filter((node) => !going.has(node.digest) && !node.removed)
    .map((node) => ({ name: `manifest ${node.digest}`, digest: node.digest }));
  return [...leased, ...pinned, ...named, ...parents];
}
