import type { ObjectReader, ObjectWatch, WatchedKind, WatchedObject } from '../cluster/cluster.ts';
import { ClusterError } from '../cluster/cluster.ts';
import type { AbortOptions } from '../provider.ts';

/** ConfigMaps and Secrets that one pod's volumes show, each watched once from when it is first asked for. */
export interface PodObjects extends AsyncDisposable {
  /** The object's latest state; `undefined`: it does not exist. Rejects with `ClusterError`. */
  get<K extends WatchedKind>(
    kind: K,
    name: string,
    options?: AbortOptions,
  ): Promise<WatchedObject[K] | undefined>;
}

interface Tracked {
  /** Absent once the object turned out to be immutable. */
  watch?: ObjectWatch;
  /** Absent until it is known. */
  latest?: { readonly object: WatchedObject[WatchedKind] | undefined };
}

/** @param onChange called after an object has changed, appeared or gone */
export function createPodObjects(options: {
  readonly objects: ObjectReader;
  readonly namespace: string;
  readonly onChange: () => void;
}): PodObjects {
  const { objects, namespace, onChange } = options;
  const tracked = new Map<string, Tracked>();

  const track = (kind: WatchedKind, name: string): Tracked => {
    const id = `${kind}/${name}`;
    const known = tracked.get(id);
    if (known !== undefined) return known;
    const entry: Tracked = {
      watch: objects.watch(kind, namespace, name, (object) => {
        const isNews = entry.latest?.object?.metadata?.resourceVersion !== object?.metadata?.resourceVersion;
        entry.latest = { object };
        if (isNews) onChange();
      }),
    };
    tracked.set(id, entry);
    return entry;
  };

  return {
    async get(kind, name, { signal } = {}) {
      const entry = track(kind, name);
      if (entry.latest === undefined) {
        const object = await read(objects, kind, namespace, name, signal === undefined ? {} : { signal });
        // The watch may have been faster, and then knows better.
        entry.latest ??= { object };
      }
      const { object } = entry.latest;
      // What cannot change need not be watched.
      if (object?.immutable && entry.watch !== undefined) {
        const { watch } = entry;
        delete entry.watch;
        await watch[Symbol.asyncDispose]();
      }
      return object;
    },
    async [Symbol.asyncDispose]() {
      const watches = [...tracked.values()].flatMap(({ watch }) => watch?.[Symbol.asyncDispose]() ?? []);
      tracked.clear();
      await Promise.all(watches);
    },
  };
}

async function read(
  objects: ObjectReader,
  kind: WatchedKind,
  namespace: string,
  name: string,
  options: AbortOptions,
): Promise<WatchedObject[WatchedKind] | undefined> {
  try {
    return kind === 'configMap'
      ? await objects.configMap(namespace, name, options)
      : await objects.secret(namespace, name, options);
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'NotFound') return undefined;
    throw error;
  }
}
