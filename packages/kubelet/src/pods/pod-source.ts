import type { PodFeed } from '../cluster/cluster.ts';
import type { Pod } from './pod.ts';

/** What happens to the pods of this node, as those who run them have to see it. */
export type PodChange =
  /** The first full list, oldest pod first: what is not in it does not exist. */
  | { readonly type: 'listed'; readonly pods: readonly Pod[] }
  | { readonly type: 'changed'; readonly pod: Pod }
  | { readonly type: 'gone'; readonly uid: string };

/**
 * Turns a feed into typed changes. Nothing is yielded before the first full list is there; what later lists
 * bring and lack comes from the feed as changes.
 */
export async function* podChanges(feed: PodFeed, signal: AbortSignal): AsyncGenerator<PodChange> {
  const known = new Map<string, Pod>();
  let listed = false;

  for await (const event of feed.watch({ signal })) {
    switch (event.type) {
      case 'synced': {
        if (!listed) {
          listed = true;
          yield { type: 'listed', pods: [...known.values()].toSorted(byAge) };
        }
        break;
      }
      case 'added':
      case 'modified': {
        const { uid } = event.pod.metadata;
        known.set(uid, event.pod);
        if (listed) yield { type: 'changed', pod: event.pod };
        break;
      }
      case 'deleted': {
        const { uid } = event.pod.metadata;
        known.delete(uid);
        if (listed) yield { type: 'gone', uid };
        break;
      }
      default:
        event satisfies never;
    }
  }
}

function byAge(a: Pod, b: Pod): number {
  return age(a) - age(b);
}

function age({ metadata }: Pod): number {
  return new Date(metadata.creationTimestamp ?? 0).getTime();
}
